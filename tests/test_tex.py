import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.tex import accents, to_unicode


@pytest.mark.parametrize(
    "plain",
    [
        "100% of A & B_c",
        "a {set} of {braces}, x^y and #1",
        "costs $1 Million and $2 more",
        "21$ or $5-$10, US$1 = C$2",
        "between $5 and x_1 is $6",
        "run with --verbose, or -v; ----- done",
        "it's `so' and 5'' long",
        r"\ewtune of 2509.10594 and C:\foo",
        "$",
        "\\",
        "x^{",
        "{unclosed",
        "unopened}",
    ],
)
def test_what_is_not_plainly_tex_stays(plain: str) -> None:
    assert to_unicode(plain) == plain


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        (r"Andr\'e, M\"{u}ller, {\"o}, na\"{\i}ve", "André, Müller, ö, naïve"),
        (r"\c{c} \v s \v{S} \H{o} \k{a} \u{g} \.z \=a \d{h}", "ç š Š ő ą ğ ż ā ḥ"),
        (r"\~{} and \^{}", "~ and ^"),
        (r"\aa ngstrom, \O stergaard, Stra\ss e, \L{}odz, {\l}", "ångstrom, Østergaard, Straße, Łodz, ł"),
        (r"don\'t say \"q", 'don\'t say "q'),
        (r"5.84\% \& \_ \# \$5 \{x\}", "5.84% & _ # $5 {x}"),
        ("``quoted'' a--b a --- b 1--3", "“quoted” a–b a — b 1–3"),
        (r"\textbf{bold}, \emph{a \textit{b}}, {\bf c}", "bold, a b, c"),
        (r"\url{http://a.example/b_c} \href{http://x}{y}", "http://a.example/b_c y (http://x)"),
        (r"a\footnote{note}", "a (note)"),
        ("$x^2$, $x_{ij}$, $10^{-3}$, $n^{th}$", "x², xᵢⱼ, 10⁻³, nᵗʰ"),
        ("$x^{(a,b)}$, $x_{i,j}$, $x_{abc}$, $x^q$", "x^((a,b)), x_(i,j), x_abc, x^q"),
        ("a rate of 10^{-3} and H$_2$O", "a rate of 10⁻³ and H₂O"),
        (r"$90^\circ$, $x^*$, $f'$, $A^T$", "90°, x*, f′, Aᵀ"),
        (r"$\mathcal{O}(n\log n)$, $\mathcal O(1)$", "O(n log n), O(1)"),
        (r"$\alpha \le \beta \to \infty$, \epsilon-DP", "α ≤ β → ∞, ε-DP"),
        (r"$x \in \{0,1\}^n \subseteq \mathbb{R}^d$", "x ∈ {0,1}ⁿ ⊆ ℝᵈ"),
        (r"$\frac{a+b}{c}$, $\frac12$, $\binom{n}{k}$", "(a+b)/c, 1/2, (n choose k)"),
        (r"$\sqrt{x}$, $\sqrt{x+1}$, $\sqrt[3]{x}$", "√x, √(x+1), ³√x"),
        (r"$\hat{y}$, $\bar{\theta}$, $\overline{ab}$", "ŷ, θ̄, ab"),
        (r"$\left( x \right)$, $\|x\|_2$", "( x ), ‖x‖₂"),
        (r"$\lambda_{\text{train}}$, $\arg\max_x f$", "λₜᵣₐᵢₙ, arg maxₓ f"),
        (r"\(x^2\), \[y_1\], $$z^3$$", "x², y₁, z³"),
        ("$21$ and $k$-NN, $p < 0.05$, $SO(3)$", "21 and k-NN, p < 0.05, SO(3)"),
        (r"8$\times$H100, $8\times10^{18}$", "8×H100, 8×10¹⁸"),
        (r"\foo{a $x_1$}, $\foo{x^2}$", r"\foo{a x₁}, \foo{x²}"),
        (r"$L(s) = L_0$ for \$5", "L(s) = L₀ for $5"),
    ],
)  # fmt: skip
def test_tex_is_shown_as_unicode(tex: str, shown: str) -> None:
    assert to_unicode(tex) == shown


@pytest.mark.parametrize(
    ("tex", "name"),
    [
        ("Mary Sample", "Mary Sample"),
        (r"Jos\'e Garc{\'\i}a", "José García"),
        (r"Ji\v{r}\'{\i} N\v ov\'ak", "Jiří Nǒvák"),
        (r"{\L}ucja {K}owalska", "Łucja Kowalska"),
        (r"S{\o}ren \AA berg", "Søren Åberg"),
        (r"\'Alvarez", "Álvarez"),
    ],
)
def test_accents_of_names_are_shown(tex: str, name: str) -> None:
    assert accents(tex) == name


_PIECES = st.sampled_from(
    ["\\", "$", "{", "}", "^", "_", "--", "``", "''", "~", "\\'", "\\frac", "\\sqrt[", "\\hat", "\\c",
     "\\textbf", "\\alpha", "\\left", "\\foo", "\\(", "\\)", " ", "a", "1", "é", "数", "%", "&"]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=60).map("".join))
def test_broken_tex_is_no_trouble_and_no_text_is_lost(tex: str) -> None:
    shown = to_unicode(tex)
    for kept in ("é", "数", "%", "&"):
        assert shown.count(kept) >= tex.count(kept)
    accents(tex)


@given(st.text())
def test_any_text_is_no_trouble(anything: str) -> None:
    to_unicode(anything)
    accents(anything)


@given(st.text(st.characters(exclude_characters="\\$`-{}")))
def test_text_without_tex_comes_back_as_it_is(plain: str) -> None:
    assert to_unicode(plain) == plain


@pytest.mark.parametrize(
    "bomb",
    [
        "{",
        "$",
        "$ ",
        "\\(",
        "\\frac{",
        "\\'{",
        "^{",
        "\\hat",
        "$a{",
        "\\foo{",
        "\\hat\\mathbf{1",
        "\\",
    ],
)
@pytest.mark.parametrize("closed", [False, True])
def test_time_grows_with_length_only(bomb: str, closed: bool) -> None:
    half = 10_000 // len(bomb)
    tex = bomb * half + (("}" * half) if closed else bomb * half)
    started = time.perf_counter()
    to_unicode(tex)
    assert time.perf_counter() - started < 1.0


@pytest.mark.captures
def test_real_abstracts_lose_no_word(captures) -> None:
    import json

    papers = json.loads((captures / "arxiv_mirror" / "2026-04-21.json").read_text())["papers"]
    for paper in papers:
        outside = re.sub(r"\$[^$]*\$|\\[A-Za-z]+", " ", paper["abstract"])
        shown = to_unicode(paper["abstract"])
        missing = [w for w in re.findall(r"[A-Za-z]{4,}", outside) if w not in shown]
        assert not missing, paper["arxiv_id"]

r"""The TeX commands that `digest.tex` knows, and the Unicode that stands for them."""

_GREEK = (
    "alpha α beta β gamma γ delta δ epsilon ε varepsilon ε zeta ζ eta η theta θ vartheta ϑ "
    "iota ι kappa κ varkappa ϰ lambda λ mu μ nu ν xi ξ omicron ο pi π varpi ϖ rho ρ varrho ϱ "
    "sigma σ varsigma ς tau τ upsilon υ phi φ varphi φ chi χ psi ψ omega ω "
    "Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Upsilon Υ Phi Φ Psi Ψ Omega Ω"
)
_OPERATORS = (
    "times × div ÷ pm ± mp ∓ cdot · ast ∗ star ⋆ circ ∘ bullet • oplus ⊕ ominus ⊖ otimes ⊗ "
    "odot ⊙ wedge ∧ vee ∨ land ∧ lor ∨ neg ¬ lnot ¬ cap ∩ cup ∪ bigcap ⋂ bigcup ⋃ setminus ∖ "
    "sqcup ⊔ sqcap ⊓ uplus ⊎ dagger † ddagger ‡ sum ∑ prod ∏ coprod ∐ int ∫ iint ∬ oint ∮ "
    "partial ∂ nabla ∇ infty ∞ forall ∀ exists ∃ nexists ∄ top ⊤ bot ⊥ perp ⊥ angle ∠ "
    "prime ′ hbar ℏ ell ℓ Re ℜ Im ℑ wp ℘ aleph ℵ emptyset ∅ varnothing ∅ triangle △ "
    "square □ Box □ diamond ⋄ checkmark ✓ degree ° textdegree °"
)
_RELATIONS = (
    "le ≤ leq ≤ leqslant ⩽ ge ≥ geq ≥ geqslant ⩾ ne ≠ neq ≠ ll ≪ gg ≫ approx ≈ sim ∼ simeq ≃ "
    "cong ≅ equiv ≡ propto ∝ lesssim ≲ gtrsim ≳ prec ≺ succ ≻ preceq ⪯ succeq ⪰ in ∈ notin ∉ "
    "ni ∋ subset ⊂ supset ⊃ subseteq ⊆ supseteq ⊇ subsetneq ⊊ mid ∣ parallel ∥ vdash ⊢ "
    "models ⊨ vert | lvert | rvert | Vert ‖ lVert ‖ rVert ‖ triangleq ≜ coloneqq ≔ asymp ≍"
)
_ARROWS = (
    "to → rightarrow → longrightarrow ⟶ leftarrow ← gets ← leftrightarrow ↔ Rightarrow ⇒ "
    "implies ⟹ Leftarrow ⇐ Leftrightarrow ⇔ iff ⟺ mapsto ↦ uparrow ↑ downarrow ↓ "
    "hookrightarrow ↪ rightsquigarrow ⇝ rightleftharpoons ⇌ nearrow ↗ searrow ↘"
)
_PUNCTUATION = (
    "ldots … dots … cdots ⋯ vdots ⋮ ddots ⋱ textellipsis … langle ⟨ rangle ⟩ lfloor ⌊ "
    "rfloor ⌋ lceil ⌈ rceil ⌉ lbrace { rbrace } textbackslash \\ textasciitilde ~ "
    "textasciicircum ^ textunderscore _ textquotedblleft “ textquotedblright ” "
    "textquoteleft ‘ textquoteright ’ textendash – textemdash — copyright © textregistered ® "
    "texttrademark ™ S § P ¶ pounds £ euro € texteuro € LaTeX LaTeX TeX TeX "
    "textgreater > textless < backslash \\ slash / colon : textmu µ"
)


def _words(*lists: str) -> list[str]:
    return " ".join(lists).split()


def _pairs(*lists: str) -> dict[str, str]:
    words = _words(*lists)
    return dict(zip(words[::2], words[1::2], strict=True))


SYMBOLS = _pairs(_GREEK, _OPERATORS, _RELATIONS, _ARROWS, _PUNCTUATION) | {
    "quad": " ",
    "qquad": " ",
    "space": " ",
    "newline": " ",
    "linebreak": " ",
    "par": " ",
}

# Letters that are commands: a space behind them only ends the command.
LETTERS = _pairs(
    "aa å AA Å ae æ AE Æ oe œ OE Œ o ø O Ø l ł L Ł ss ß i ı j ȷ dh ð DH Ð th þ TH Þ dj đ DJ Đ "
    "ng ŋ NG Ŋ"
)

# Accents, as combining characters.
ACCENTS = {
    "'": "\u0301",
    "`": "\u0300",
    "^": "\u0302",
    '"': "\u0308",
    "~": "\u0303",
    "=": "\u0304",
    ".": "\u0307",
    "c": "\u0327",
    "v": "\u030c",
    "u": "\u0306",
    "H": "\u030b",
    "k": "\u0328",
    "r": "\u030a",
    "b": "\u0331",
    "d": "\u0323",
}

# Marks over one letter of a formula, as combining characters.
OVERLAYS = {
    "hat": "\u0302",
    "widehat": "\u0302",
    "tilde": "\u0303",
    "widetilde": "\u0303",
    "bar": "\u0304",
    "overline": "\u0304",
    "vec": "\u20d7",
    "dot": "\u0307",
    "ddot": "\u0308",
    "check": "\u030c",
    "breve": "\u0306",
    "acute": "\u0301",
    "grave": "\u0300",
    "mathring": "\u030a",
}

FUNCTIONS = frozenset(
    _words(
        "log ln lg exp sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh min max inf",
        "sup lim liminf limsup arg argmin argmax det dim ker deg gcd hom Pr mod bmod",
    )
)

# Commands whose argument is all there is to see: is it a formula (True) or text (False)?
WRAPPERS = {
    **dict.fromkeys(
        _words(
            "textbf textit textsc texttt textrm textsf textsl textup textmd textnormal text",
            "emph underline uline mbox hbox fbox url path textsuperscript textsubscript mathrm",
            "mathit operatorname",
        ),
        False,
    ),
    **dict.fromkeys(
        _words(
            "mathcal mathbf mathsf mathtt mathfrak mathscr mathds mathnormal boldsymbol bm pmb",
            "ensuremath overbrace underbrace substack",
        ),
        True,
    ),
}

# Commands that change only the look of what follows.
DECLARATIONS = frozenset(
    _words(
        "bf it em tt sc rm sl sf cal bfseries itshape ttfamily scshape normalfont tiny",
        "scriptsize footnotesize small normalsize large Large LARGE huge Huge displaystyle",
        "textstyle scriptstyle left right middle big Big bigg Bigg bigl bigr Bigl Bigr biggl",
        "biggr limits nolimits nonumber noindent centering protect",
    )
)

BLACKBOARD = {"C": "ℂ", "H": "ℍ", "N": "ℕ", "P": "ℙ", "Q": "ℚ", "R": "ℝ", "Z": "ℤ"}

SUPERSCRIPTS = dict(
    zip(
        "0123456789+-=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVW",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂ",
        strict=True,
    )
)
SUBSCRIPTS = dict(
    zip(
        "0123456789+-=()aehijklmnoprstuvxβγρφχ",
        "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ",
        strict=True,
    )
)

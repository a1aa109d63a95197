"""What authors say of their own work; above all what must not be taken for it."""

import time

import pytest

from digest.models import Entry
from digest.sources.enrich import enriched, venue


def said(abstract: str = "", comment: str | None = None) -> Entry:
    return enriched(Entry("arxiv", "1", "T", abstract=abstract, author_comment=comment))


# ---------------------------------------------------------------- code


@pytest.mark.parametrize(
    ("abstract", "code"),
    [
        ("Code: https://github.com/lab/tool.", "https://github.com/lab/tool"),
        ("Our code is at github.com/lab/tool", "https://github.com/lab/tool"),
        (r"Code (\url{http://www.github.com/lab/my\_tool.git})", "https://github.com/lab/my_tool"),
        (
            r"available at \href{https://github.com/l/t}{https://github.com/l/t}.",
            "https://github.com/l/t",
        ),
        ("We release our code https://github.com/lab/tool{here}.", "https://github.com/lab/tool"),
        ("released at https://github.com/lab/tool/tree/main/x.", "https://github.com/lab/tool"),
        ("Data, code, etc. at https://gitlab.com/lab/tool;", "https://gitlab.com/lab/tool"),
        ("implementation (https://codeberg.org/lab/tool)", "https://codeberg.org/lab/tool"),
        ("code: https://github.com/lab/v1.2.", "https://github.com/lab/v1.2"),
    ],
)
def test_code_that_is_claimed_is_found(abstract: str, code: str) -> None:
    assert said(abstract).code_url == code


@pytest.mark.parametrize(
    "abstract",
    [
        "We study https://github.com/other/tool in depth.",
        "Code is built on https://github.com/other/tool.",
        "Our code is adapted from the repository https://github.com/other/tool.",
        "We release models, compared with the baseline https://github.com/other/tool",
        "Open-source projects such as https://github.com/other/tool",
        "Code: https://github.com/lab",
        "Code: https://github.com/topics/boiling",
        "Code: https://github.com/orgs/lab",
        "Code: https://github.com/lab/tool++.",
        "Code: https://notgithub.com/lab/tool",
        "Code: https://github.com.evil.example/lab/tool",
        "Code: https://github.com@evil.example/lab/tool",
        "Code: https://evil.example/github.com/lab/tool",
        "Code: https://evil.example/?next=https://github.com/lab/tool",
        "Code: https://web.archive.org/web/2020/https://github.com/lab/tool",
        "Code: ftp://github.com/lab/tool",
        "Code: javascript://github.com/lab/tool",
        "Code will be on github.com, soon.",
        "Code: https://gist.github.com/lab/0123",
        "Code: https://huggingface.co/papers/2611.90001",
    ],
)
def test_what_is_not_the_authors_code_is_left(abstract: str) -> None:
    entry = said(abstract)
    assert (entry.code_url, entry.project_url) == (None, None)


def test_a_comment_need_not_claim_but_may_deny() -> None:
    assert said(comment="https://github.com/lab/tool").code_url == "https://github.com/lab/tool"
    assert said(comment="Based on https://github.com/other/tool").code_url is None


# ---------------------------------------------------------------- projects


@pytest.mark.parametrize(
    ("abstract", "project"),
    [
        ("Project page: https://lab.github.io/tool/.", "https://lab.github.io/tool/"),
        ("Project Page:http://lab.github.io", "https://lab.github.io"),
        (
            "our website is lab-x.github.io/a_b/index.html,",
            "https://lab-x.github.io/a_b/index.html",
        ),
        ("demo at https://lab.gitlab.io/x", "https://lab.gitlab.io/x"),
        ("Models: https://huggingface.co/lab/model-7b.", "https://huggingface.co/lab/model-7b"),
        (
            "dataset: https://huggingface.co/datasets/lab/set_1/tree/main.",
            "https://huggingface.co/datasets/lab/set_1",
        ),
        ("Demo: huggingface.co/spaces/lab/demo", "https://huggingface.co/spaces/lab/demo"),
        (
            "Models at https://huggingface.co/lab/m; project at https://lab.github.io/m",
            "https://lab.github.io/m",
        ),
    ],
)
def test_a_project_that_is_claimed_is_found(abstract: str, project: str) -> None:
    assert said(abstract).project_url == project


@pytest.mark.parametrize(
    "abstract",
    [
        "Project: https://lab.github.io.evil.example/tool",
        "Project: https://evil.example/lab.github.io/tool",
        "Models: https://huggingface.co/docs/transformers",
        "Models: https://huggingface.co/datasets/alone",
        "Models: https://huggingface.co/lab",
        "Models: https://huggingface.co/collections/lab/all",
        "We compare to https://lab.github.io/tool",
        "See https://lab.example/project",
    ],
)
def test_what_is_no_project_is_left(abstract: str) -> None:
    assert said(abstract).project_url is None


def test_what_the_source_told_stays() -> None:
    entry = Entry(
        "huggingface", "1", "T",
        abstract="Code: https://github.com/lab/other. Accepted at ICML 2026.",
        code_url="https://github.com/lab/tool", venue="ICLR 2026",
    )  # fmt: skip
    assert enriched(entry) is entry


# ---------------------------------------------------------------- venues


@pytest.mark.parametrize(
    ("comment", "place"),
    [
        ("Accepted at NeurIPS 2026", "NeurIPS 2026"),
        ("12 pages, 3 figures, accepted to ICML 2026 (Oral). Code: x", "ICML 2026"),
        ("CVPR 2026", "CVPR 2026"),
        ("32 pages; CVPR2026 camera-ready", "CVPR 2026"),
        ("[CVPR 2026] Project page", "CVPR 2026"),
        ("Accepted to CVPR26", "CVPR 2026"),
        ("Accepted to DAC'26", "DAC 2026"),
        ("To appear at STOC '03", "STOC 2003"),
        ("Final version to appear in FOCS'98", "FOCS 1998"),
        ("Accepted by ACL (Findings) 2026", "ACL 2026 Findings"),
        ("ACL 2026, Findings of the Association", "ACL 2026 Findings"),
        ("Accepted at the Conference on Vision (CVPR), 2026", "CVPR 2026"),
        ("Published as a conference paper at ICLR 2026", "ICLR 2026"),
        ("Accepted at CVPRW 2026", "CVPR 2026 Workshop"),
        ("Accepted at the Tea Workshop in conjunction with ICSE 2026", "ICSE 2026 Workshop"),
        ("To appear in SBFT@ICSE 2026", "ICSE 2026 Workshop"),
        ("Submitted to arXiv in May. Accepted to KDD 2026", "KDD 2026"),
        (
            "Accepted for publication in the Journal of Invented Results, 2026",
            "Journal of Invented Results",
        ),
        (
            "To appear in IEEE Transactions on Kettles, Pots, and Pans (TKPP)",
            "IEEE Transactions on Kettles, Pots, and Pans",
        ),
        (
            "Accepted at the 12th International Conference on Tea, April 2026",
            "International Conference on Tea",
        ),
    ],
)
def test_a_venue_that_is_said_plainly_is_found(comment: str, place: str) -> None:
    assert venue(comment) == place


@pytest.mark.parametrize(
    "comment",
    [
        "",
        "12 pages",
        "Submitted to NeurIPS 2026",
        "Under review at ICLR 2026",
        "ICLR 2026; under review",
        "MICCAI 2026. Submitted in March",
        "Rejected from ICML 2026",
        "Extended version of our CVPR 2026 paper",
        "A preliminary version appeared at ICALP 2001",
        "Full version of a paper at STOC 2026",
        "Part of this work was presented at ICML 2026",
        "Winning solution of the CVPR 2026 kettle challenge",
        "Second place, ICASSP 2026 Tea Cup",
        "Uses the NeurIPS 2026 template",
        "Tutorial at ACL 2026",
        "Intended for NeurIPS 2026",
        "Not yet accepted at ICML 2026",
        "We thank the ICML community",
        "Accepted by all of us",
        "Published in Example City",
        "MY-ICML 2026",
        "ICML 20266",
    ],
)
def test_what_is_no_acceptance_is_left(comment: str) -> None:
    assert venue(comment) is None


def test_an_abstract_must_speak_of_acceptance() -> None:
    assert venue("", "This work was accepted at NeurIPS 2026.") == "NeurIPS 2026"
    for abstract in (
        "We win on CVPR 2026 data.",
        "NeurIPS 2026 had many accepted papers.",
        "We analyse reviews submitted to papers accepted at ICLR 2026.",
    ):
        assert venue("", abstract) is None


@pytest.mark.parametrize(
    "hostile",
    [
        "accepted at " + "A of " * 5_000,
        "CVPR " * 4_000,
        "https://github.com/a/" + "a." * 10_000 + "+",
        "code " * 2_000 + "https://github.com/" * 500,
        "a.github.io/" + "~/" * 9_000 + "~",
        "using a b " * 2_000 + "https://github.com/a/b",
        "Accepted at the Journal of " + "A, " * 6_000,
        "-" * 20_000,
    ],
)
def test_hostile_text_costs_no_time(hostile: str) -> None:
    started = time.process_time()
    said(hostile, hostile[:1_000])
    venue(hostile, hostile)
    assert time.process_time() - started < 1

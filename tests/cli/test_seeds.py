"""The captures that the project began with, as `digest parse` prints them."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.captures

SOURCES = {"hf_daily": "huggingface", "aitopics": "aitopics", "arxivjp": "arxivjp"}
NAMES = (
    "000_b6f32920c1972874",
    "001_b162b3f260eec6ac",
    "002_395b32c81ab3bf0f",
    "003_b8662b7045fc35cb",
    "004_b3e52b6be3cd9be1",
)


def aitopics(told: dict[str, Any]) -> dict[str, Any]:
    return {
        "authors": told["authors"] or [],
        "topics": [[tag["path"], tag["confidence"]] for tag in told["tags"]],
        "tags_more": told["tags_more"],
        "n_authors": len(told["authors"]) if told["authors"] else None,
    }


def arxivjp(told: dict[str, Any]) -> dict[str, Any]:
    return {
        "authors": told["authors"],
        "n_authors": len(told["authors"]),
        "published_at": datetime.fromisoformat(told["published"]).isoformat(),
        "categories": told["categories"],
        "translations": {"ja": "\n".join(told["abstract_ja_lines"])},
        "arxiv_id": told["arxiv_id"],
    }


def hf_daily(told: dict[str, Any]) -> dict[str, Any]:
    day = told["month"] and f"{told['year'] or 2025}-{told['month']:02}-{told['day']:02}"
    return {
        "n_authors": told["n_authors"],
        "published_at": day and f"{day}T00:00:00+00:00",
        "comments": told["comments"],
    }


@pytest.mark.parametrize("name", NAMES)
def test_every_field_of_a_capture_is_printed(cli, captures: Path, name: str):
    expected = json.loads((captures / "seeds_expected" / f"{name}.json").read_text())
    form = expected["format"]
    fields = {"aitopics": aitopics, "arxivjp": arxivjp, "hf_daily": hf_daily}[form]
    capture = captures / "seeds" / f"{name}.txt"
    told = cli("parse", SOURCES[form], capture, "--captured-at", "2025-12-01", "--json")
    assert told.code == 0
    assert len(told.err.splitlines()) == bool(expected.get("orphan_tag_lines"))
    for entry, item in zip(told.json_lines, expected["items"], strict=True):
        wanted = {"title": item["title"], "abstract": item["abstract"], **fields(item)}
        assert {key: entry[key] for key in wanted} == wanted

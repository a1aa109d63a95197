"""What every form of a post at arXiv.jp holds: the same facts under the same labels."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from digest import text
from digest.models import Entry
from digest.sources.common import instant, title_id

NAME = "arxivjp"
JAPANESE, ORIGINAL, FACTS = "要約", "要約(オリジナル)", "arxiv情報"
AUTHORS, DATE, SITE = "著者", "発行日", "arxivサイト"
CATEGORIES, END = "カテゴリー", "はコメントを受け付けていません"
COMMA = re.compile(r"\s*[,，、](?!\s*(?:Jr|Sr|I{2,3}|IV)\b)\s*")


class Record(NamedTuple):
    """What both forms hold under the same labels."""

    japanese: tuple[str, ...]
    abstract: str
    authors: tuple[str, ...]
    published_at: datetime | None
    site: str

    @property
    def missing(self) -> tuple[str, ...]:
        """The facts that the record should have and has not."""
        facts = {"abstract": self.abstract, "authors": self.authors, "date": self.published_at}
        return tuple(name for name, value in facts.items() if not value)


def read_record(block: Sequence[str]) -> Record | None:
    """Return the record of the lines below a title; None if its sections are damaged."""
    labels = [label(line) for line in block]
    try:
        japanese = labels.index(JAPANESE)
        original = labels.index(ORIGINAL, japanese)
        facts = labels.index(FACTS, original)
    except ValueError:
        return None
    abstract = text.collapse(" ".join(block[original + 1 : facts]))
    if not abstract:
        return None
    values = {name: _fact(block[facts + 1 :], name) for name in (AUTHORS, DATE, SITE)}
    return Record(
        japanese=tuple(line for line in block[japanese + 1 : original] if line),
        abstract=abstract,
        authors=tuple(name for name in COMMA.split(values[AUTHORS]) if name),
        published_at=instant(values[DATE]),
        site=values[SITE],
    )


def closing(line: str) -> tuple[list[str], str] | None:
    """Return the categories and the title in a record's last line."""
    named, _, title = line.rstrip("。").removesuffix(END).rstrip().partition(" | ")
    if not named.startswith(CATEGORIES) or not title:
        return None
    names = COMMA.split(named.removeprefix(CATEGORIES).lstrip(" :："))
    return [name for name in names if name], title


def label(line: str) -> str:
    """Return the line for comparing with labels: full-width parentheses count as narrow."""
    return unicodedata.normalize("NFKC", line).replace(" ", "").casefold()


def _fact(block: Sequence[str], name: str) -> str:
    found = (line[len(name) :].lstrip(" :：") for line in block if line.startswith(name))
    return next(found, "")


def post_entry(
    title: str,
    record: Record,
    categories: Sequence[str],
    *,
    post: str | None = None,
    posted_on: date | None = None,
) -> Entry:
    """Return the entry of a record.

    Args:
        title: as the post shows it.
        record: its facts.
        categories: arXiv's, as the post names them.
        post: the address of the post, if it is known.
        posted_on: the day of the post, if it is known.
    """
    site = record.site
    arxiv_id, version = (
        text.parse_arxiv_id(site) or text.parse_arxiv_id(site.partition("(")[0]) or (None, None)
    )
    return Entry(
        source=NAME,
        external_id=arxiv_id or title_id(title, record.abstract),
        title=title,
        abstract=record.abstract,
        language=text.guess_language(record.abstract),
        authors=record.authors,
        n_authors=len(record.authors) or None,
        arxiv_id=arxiv_id,
        arxiv_version=version,
        published_at=record.published_at,
        listed_date=posted_on,
        categories=tuple(categories),
        translations={"ja": "\n".join(record.japanese)} if record.japanese else {},
        url=post or (f"https://arxiv.org/abs/{arxiv_id}" if arxiv_id else None),
        pdf_url=f"https://arxiv.org/pdf/{arxiv_id}" if arxiv_id else None,
        flags=tuple(f"no_{fact}" for fact in record.missing),
    )

"""The text of a category page, as people copy it: one record after the other."""

from collections.abc import Sequence

from digest import text
from digest.errors import ParseError
from digest.models import Entry
from digest.sources.arxivjp.record import END, closing, post_entry, read_record
from digest.sources.base import MAX_ENTRIES, Page, Response
from digest.sources.common import bounded, dated, lines
from digest.sources.enrich import enriched


def parse(response: Response) -> Page:
    """Read from one closing line to the next, so that damage costs only its own record."""
    all_lines = [text.collapse(line) for line in lines(response.body)]
    ends = [n for n, line in enumerate(all_lines) if line.rstrip("。").endswith(END)]
    entries: list[Entry] = []
    problems: list[str] = []
    start = 0
    for end in ends:
        if entry := _read_post(all_lines, start, end, problems):
            entries.append(entry)
        start = end + 1
    _report_rest(all_lines, start, len(all_lines), problems)
    if not entries:
        raise ParseError(f"{response.url}: no whole record in it; {problems[0]}")
    if len(entries) > MAX_ENTRIES:
        problems.append(f"more than {MAX_ENTRIES} papers; the rest is left out")
    kept = (dated(enriched(bounded(entry)), response) for entry in entries[:MAX_ENTRIES])
    return Page(tuple(kept), tuple(problems))


def _read_post(all_lines: Sequence[str], start: int, end: int, problems: list[str]) -> Entry | None:
    """Return the paper of the record that ends at `end` and starts there or after `start`."""
    closed = closing(all_lines[end])
    categories, title = closed or ([], "")
    backwards = range(end - 1, start - 1, -1)
    title_at = next((n for n in backwards if closed and all_lines[n] == title), None)
    if title_at is None:
        _report_rest(all_lines, start, end + 1, problems)
        return None
    _report_rest(all_lines, start, title_at, problems)
    record = read_record(all_lines[title_at + 1 : end])
    if record is None:
        _report_rest(all_lines, title_at, end + 1, problems)
        return None
    told = text.cut(title, 60)
    problems.extend(f"line {title_at + 1}: no {fact} in: {told}" for fact in record.missing)
    return post_entry(title, record, categories)


def _report_rest(all_lines: Sequence[str], start: int, end: int, problems: list[str]) -> None:
    """Name lines that belong to no whole record, if there are any."""
    filled = [n for n in range(start, end) if all_lines[n]]
    if filled:
        what = text.cut(all_lines[filled[0]], 60)
        problems.append(f"line {filled[0] + 1}: not a whole record; left out from here: {what}")

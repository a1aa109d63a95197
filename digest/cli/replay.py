"""The command that goes through past days once more."""

import json
from datetime import date
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.profile_options import read_profile, takes_profile
from digest.cli.root import AsJson, app, complain, counted, example, load_app, parse_day, run_async
from digest.errors import UsageError

if TYPE_CHECKING:
    from digest.app import App
    from digest.models import Edition, Profile, ScoredPaper
    from digest.pipeline import Ranker, ReplayedDay

_MOST_DAYS = 366


class OtherRanker(StrEnum):
    """Rankers that the usual one is compared with; the values of `digest.pipeline.Ranker`."""

    PLAIN = "plain"
    NO_EMBEDDINGS = "no-embeddings"
    NO_READERS = "no-readers"


@app.command(epilog=example("digest replay --from 2026-11-02 --to 2026-11-08 --phrase unlearning"))
@takes_profile
def replay(
    context: typer.Context,
    first: Annotated[
        str, typer.Option("--from", metavar="DATE", help="The first day, like 2026-11-02.")
    ],
    last: Annotated[str, typer.Option("--to", metavar="DATE", help="The last day.")],
    arxiv: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Collect arXiv's saved records instead of reading the store: files like"
            " 2026-11-02.jsonl or .jsonl.gz.",
        ),
    ] = None,
    huggingface: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="The same with saved answers of the Daily Papers API: files like"
            " 2026-11-02.json or .json.gz.",
        ),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Another profile (TOML): tell what it changes."),
    ] = None,
    ranker: Annotated[
        OtherRanker | None,
        typer.Option(
            "--against-ranker",
            help="Another ranker: plain word cosines, or the usual one without embeddings or"
            " without what other readers like.",
        ),
    ] = None,
    as_json: AsJson = False,
    *,
    told: dict[str, Any],
) -> int:
    """Show past days as they would have been; nothing is kept."""
    from digest.pipeline import replay_stored

    days = _days(first, last)
    wanted = read_profile(told)
    if against and ranker:
        raise UsageError("compare with one thing at a time: --against or --against-ranker")
    given = {"arxiv": arxiv, "huggingface": huggingface}
    folders = {source: folder for source, folder in given.items() if folder}
    parts = load_app(context)
    other = _other(parts, against, ranker, of_store=not folders)
    if folders:
        _check_folders(folders, days)
        return run_async(_replay_folders(parts, (wanted, other), days, folders, as_json))
    for day in replay_stored(parts.store, wanted, days, parts.edition_options, other):
        _print_day(day, as_json)
    return 0


def _other(
    parts: "App", path: Path | None, ranker: OtherRanker | None, *, of_store: bool
) -> "Profile | Ranker | None":
    """Return what to compare with.

    Raises:
        UsageError: it is a ranker that cannot differ from the usual one here.
        ProfileError: the other profile cannot be used.
    """
    from digest.pipeline import Ranker
    from digest.pipeline.likes import FACTORS
    from digest.profiles import load

    if ranker is None:
        return load(path) if path else None
    why = ""
    if ranker is not OtherRanker.PLAIN and not of_store:
        why = "saved answers are replayed without embeddings and other readers"
    elif ranker is OtherRanker.NO_EMBEDDINGS and not parts.edition_options.model:
        why = "embeddings are off"
    elif ranker is OtherRanker.NO_READERS and not parts.store.vectors.newest(FACTORS, 1):
        why = "nothing is learnt from other readers' likes yet"
    if why:
        raise UsageError(f"{why}, so {ranker.value} would rank the same; compare with plain")
    return Ranker(ranker.value)


def _check_folders(folders: dict[str, Path], days: list[date]) -> None:
    """Refuse folders that are not there, or hold nothing of these days.

    Raises:
        UsageError: one of them is not there, or all of them hold nothing.
    """
    from digest.pipeline import saved_files

    for folder in folders.values():
        if not folder.is_dir():
            raise UsageError(f"there is no folder {folder}; check the path")
    if not any(saved_files(folder, day) for folder in folders.values() for day in days):
        raise UsageError(f"no file is named after one of these days, like {days[0]}.jsonl.gz")


async def _replay_folders(
    parts: "App",
    profiles: "tuple[Profile, Profile | Ranker | None]",
    days: list[date],
    folders: dict[str, Path],
    as_json: bool,
) -> int:
    """Collect saved answers into a database of their own, which is thrown away."""
    from digest.app import App
    from digest.config import GivenSettings
    from digest.pipeline import ReplayClock, replay_saved

    clock = ReplayClock()
    files = failed = 0
    with TemporaryDirectory(prefix="digest-replay-") as state:
        own = App(GivenSettings(data_dir=Path(state)), clock)
        try:
            async with own.collector() as collector:
                async for day in replay_saved(
                    collector,
                    clock,
                    own.store,
                    profiles[0],
                    days,
                    folders=folders,
                    options=parts.edition_options,
                    against=profiles[1],
                ):
                    _print_day(day, as_json)
                    complain([f"{feed.feed}: {feed.error}" for feed in day.collected.failed])
                    complain(day.collected.problems)
                    files += len(day.collected.feeds)
                    failed += len(day.collected.failed)
        finally:
            own.close()
    return 0 if not failed else 1 if failed == files else 3


def _days(first: str, last: str) -> list[date]:
    """Return the days from the first to the last one.

    Raises:
        UsageError: they are no days, in the wrong order, too many, or not over yet.
    """
    from digest.app import utc_now
    from digest.pipeline import days_between

    start, end = parse_day(first, "--from"), parse_day(last, "--to")
    assert start
    assert end
    if end < start:
        raise UsageError(f"--to {last} is before --from {first}; write the earlier day first")
    if end > utc_now():
        raise UsageError(f"--to {last} lies in the future")
    if (end - start).days >= _MOST_DAYS:
        raise UsageError(f"that is more than a year; replay at most {_MOST_DAYS} days at once")
    return days_between(start.date(), end.date())


def _print_day(day: "ReplayedDay", as_json: bool) -> None:

    if as_json:
        typer.echo(json.dumps(_day_json(day), ensure_ascii=False))
        return
    typer.echo(
        f"{day.day:%Y-%m-%d %a}  {counted(day.new_papers, 'new paper')},"
        f" {day.collected.total('merged')} merged,"
        f" {counted(day.edition.candidates, 'candidate')}"
    )
    if day.against is not None:
        _print_both(day.edition, day.against)
        return
    for scored in day.edition.papers:
        typer.echo(f"    {_line(scored, day.edition.language)}")
    if day.edition.silence:
        typer.echo(f"    {day.edition.silence}")


def _line(scored: "ScoredPaper", language: str) -> str:
    from digest.rendering import reason_text

    reasons = [reason_text(reason, language) for reason in scored.reasons[:1]]
    return " - ".join([scored.paper.title, *reasons])


def _print_both(one: "Edition", other: "Edition") -> None:
    """Print what only one of two profiles or rankers brings, and then what both do."""
    ids = {scored.paper.paper_id for scored in one.papers}
    others = {scored.paper.paper_id for scored in other.papers}
    both = ids & others
    typer.echo(
        f"    {len(ids - both)} only with this one, {len(others - both)} only with the other,"
        f" {len(both)} with both"
    )
    for mark, edition, shown in (("-", other, others - both), ("+", one, ids - both)):
        for scored in edition.papers:
            if scored.paper.paper_id in shown:
                typer.echo(f"    {mark} {_line(scored, edition.language)}")
    for scored in one.papers:
        if scored.paper.paper_id in both:
            typer.echo(f"      {_line(scored, one.language)}")


def _compared(one: "Edition", other: "Edition") -> dict[str, list[str]]:
    """Return which papers come with only one of two profiles or rankers, and which with both."""
    ours = {s.paper.paper_id: s.paper.ref for s in one.papers}
    theirs = {s.paper.paper_id: s.paper.ref for s in other.papers}
    return {
        "only_here": [ref for number, ref in ours.items() if number not in theirs],
        "only_against": [ref for number, ref in theirs.items() if number not in ours],
        "both": [ref for number, ref in ours.items() if number in theirs],
    }


def _day_json(day: "ReplayedDay") -> dict[str, Any]:
    plain = _plain_day(day)
    if day.against is not None:
        plain["against"] = _compared(day.edition, day.against)
    return plain


def _plain_day(day: "ReplayedDay") -> dict[str, Any]:
    from digest.rendering import reason_text

    return {
        "date": day.day.isoformat(),
        "new_papers": day.new_papers,
        "merged": day.collected.total("merged"),
        "candidates": day.edition.candidates,
        "silence": day.edition.silence,
        "papers": [
            {
                "ref": scored.paper.ref,
                "title": scored.paper.title,
                "sources": list(scored.paper.sources),
                "section": section.title,
                "reasons": [reason_text(r, day.edition.language) for r in scored.reasons],
            }
            for section in day.edition.sections
            for scored in section.papers
        ],
        "files": [
            {
                "file": feed.feed,
                "entries": feed.entries,
                "new_papers": feed.new_papers,
                "merged": feed.merged,
                "error": feed.error,
            }
            for feed in day.collected.feeds
        ],
    }

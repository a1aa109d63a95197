"""Commands on profile files: making one of a reference library, and looking one over."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.root import (
    AsJson,
    app,
    complain,
    counted,
    example,
    load_app,
    want_command,
    write_text,
)
from digest.errors import UsageError

if TYPE_CHECKING:
    from digest.libraries import Library
    from digest.models import Answer, Interest
    from digest.pipeline.adopting import Adoption
    from digest.pipeline.forecast import Finding, Forecast

profile = typer.Typer(
    invoke_without_command=True,
    callback=want_command,
    help="Make a profile of a library, and tell what one brings.",
)
app.add_typer(profile, name="profile", epilog=example("digest profile check profile.toml"))

_BAR = 30  # characters of the longest bar
_VALUE = 44  # characters of an interest in a table
_TITLE = 70  # and of a paper's title


@profile.command(epilog=example("digest profile check config/profile.toml --days 30"))
def check(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The profile (TOML).")],
    days: Annotated[
        int, typer.Option(min=1, max=60, metavar="N", help="How many of the last days.")
    ] = 14,
    address: Annotated[
        str | None,
        typer.Option("--for", metavar="ADDRESS", help="Count this subscriber's answers too."),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Tell what a profile would have brought, and what is amiss in it."""
    from digest.app import utc_now
    from digest.pipeline.forecast import forecast
    from digest.profiles import load

    wanted = load(file)
    parts = load_app(context)
    answers: Sequence[Answer] = ()
    if address:
        number = parts.subscriptions.get(address).subscriber_id
        answers = parts.store.answers.of([number]).get(number, ())
    told = forecast(parts.store, wanted, utc_now(), days, answers=answers)
    if as_json:
        typer.echo(json.dumps(_forecast_json(told), ensure_ascii=False))
    else:
        named = parts.store.papers.named(i.value for i in wanted.interests if i.kind == "example")
        _print_forecast(told, {value: paper.title for value, paper in named.items()})
    return 0


@profile.command("import", epilog=example("digest profile import refs.bib --out profile.toml"))
def import_(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="BibTeX, RIS, CSL-JSON, Zotero RDF, OPML or a list of ids."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the profile here, not to the terminal."),
    ] = None,
    base: Annotated[
        Path | None,
        typer.Option("--profile", metavar="FILE", help="The profile to be extended."),
    ] = None,
    most: Annotated[
        int, typer.Option("--max", min=1, max=500, metavar="N", help="Take at most so many.")
    ] = 200,
    force: Annotated[bool, typer.Option("--force", help="Replace the file of --out.")] = False,
    as_json: AsJson = False,
) -> int:
    """Make example interests of the papers in a reference library."""
    from digest import libraries
    from digest.pipeline.adopting import Outcome, adopt
    from digest.profiles import load, with_interests

    if out and out.exists() and not force:
        raise UsageError(f"{out} is there already; name another file, or add --force")
    known = load(base).interests if base else ()
    library = libraries.read(_bytes_of(file, libraries.MAX_BYTES), str(file))
    found = adopt(library.items, load_app(context).store.papers.get, known=known, limit=most)
    taken = [a for a in found if a.outcome is not Outcome.SKIPPED]
    text = with_interests(base, [(a.key, a.value, a.comment) for a in taken], name=file.stem[:200])
    if out:
        write_text(text, out)
    if as_json:
        told = _import_json(library, found, None if out else text)
        typer.echo(json.dumps(told, ensure_ascii=False))
    elif not out:
        write_text(text, None)
    complain(library.problems)
    if not as_json:
        _report(library.format, found, to_terminal=not out)
    if not taken:
        return 1
    return 3 if len(taken) < len(found) or library.problems else 0


def _import_json(library: "Library", found: "list[Adoption]", text: str | None) -> dict[str, Any]:
    return {
        "format": library.format,
        "items": [_adoption_json(adoption) for adoption in found],
        "problems": list(library.problems),
        "profile": text,
    }


def _bytes_of(file: Path, most: int) -> bytes:
    """Return what a file holds, a byte more than may be read at most.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        with file.open("rb") as opened:
            return opened.read(most + 1)
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from error


def _report(name: str, found: "list[Adoption]", *, to_terminal: bool) -> None:
    """Print what became of each item; on standard error where the profile is printed."""
    from digest.pipeline.adopting import Outcome

    counts = {outcome: sum(a.outcome is outcome for a in found) for outcome in Outcome}
    told = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    lines = [
        *(
            f"item {a.reference.number} {a.outcome}: {_title(a)}: {a.why}"
            for a in found
            if a.outcome is Outcome.SKIPPED or not to_terminal
        ),
        f"{name} of {counted(len(found), 'item')}: {told}",
    ]
    if to_terminal:
        complain(lines)
    else:
        typer.echo("\n".join(lines))


def _title(adoption: "Adoption") -> str:
    from digest.text import cut

    item = adoption.reference
    return cut(item.title or item.arxiv_id or item.doi or item.category or "", 70)


def _adoption_json(adoption: "Adoption") -> dict[str, Any]:
    item = adoption.reference
    return {
        "number": item.number,
        "title": item.title,
        "arxiv_id": item.arxiv_id,
        "doi": item.doi,
        "outcome": adoption.outcome,
        "interest": adoption.key or None,
        "value": adoption.value or None,
        "why": adoption.why,
    }


def _print_forecast(told: "Forecast", titles: Mapping[str, str]) -> None:
    """Print a forecast as tables.

    Args:
        told: the forecast.
        titles: of the papers that example interests name, by the interests' values.
    """
    from digest.text import collapse, cut

    most = max((day.papers for day in told.days), default=0)
    for day in told.days:
        bar = "█" * round(_BAR * day.papers / most) if most else ""
        muted = f", {day.muted} muted" if day.muted else ""
        typer.echo(
            f"{day.day:%Y-%m-%d %a} {day.papers:>4} of {day.candidates:>5}"
            f" ({day.matched} match{muted})  {bar}"
        )
    if told.interests:
        typer.echo(
            f"\n{'interest':<{_VALUE + 10}} {'match':>7} {'share':>6} {'come':>5} {'of all':>6}"
        )
    for part in told.interests:
        typer.echo(
            f"{_named(part.interest):<{_VALUE + 10}} {part.matched:>7} {part.share:>6.0%}"
            f" {part.papers:>5} {part.brought:>6.0%}"
            f"  {cut(collapse(titles.get(part.interest.value, '')), _TITLE)}".rstrip()
        )
    if told.findings:
        typer.echo("")
    for finding in told.findings:
        typer.echo(_finding_line(finding))


def _finding_line(finding: "Finding") -> str:
    about = f"{_named(finding.interest).rstrip()}: " if finding.interest else ""
    instead = ", ".join(repr(near) for near in finding.instead)
    return f"{about}{finding.told}" + (f" Did you mean {instead}?" if instead else "")


def _named(interest: "Interest") -> str:
    from digest.text import collapse, cut

    kind = f"mute {interest.kind}" if interest.muted else interest.kind
    return f"{kind} {cut(collapse(interest.value), _VALUE)}"


def _forecast_json(told: "Forecast") -> dict[str, Any]:
    return {
        "days": [
            {
                "date": day.day.isoformat(),
                "candidates": day.candidates,
                "muted": day.muted,
                "matched": day.matched,
                "papers": day.papers,
                "trending": day.trending,
            }
            for day in told.days
        ],
        "interests": [
            _interest_json(part.interest)
            | {
                "matched": part.matched,
                "share": round(part.share, 4),
                "papers": part.papers,
                "brought": round(part.brought, 4),
            }
            for part in told.interests
        ],
        "findings": [
            {
                "kind": finding.kind,
                "interest": _interest_json(finding.interest) if finding.interest else None,
                "told": finding.told,
                "instead": list(finding.instead),
            }
            for finding in told.findings
        ],
    }


def _interest_json(interest: "Interest") -> dict[str, Any]:
    return {"kind": interest.kind, "value": interest.value, "muted": interest.muted}

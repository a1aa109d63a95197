"""Commands on subscribers as a list, and on what is sent to one of them once more."""

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.people import Address, subscriber
from digest.cli.profile_options import read_options, takes_profile
from digest.cli.root import (
    AsJson,
    complain,
    counted,
    example,
    load_app,
    parse_day,
    run_async,
    write_text,
)
from digest.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from digest.app import App
    from digest.subscriptions import ImportReport, Postman

_NAMED = 200  # lines of a list that are named on standard error


@subscriber.command(
    "import",
    epilog=example("digest subscriber import people.csv --timezone Europe/Berlin"),
)
@takes_profile
def import_(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="CSV", help="The list; its first line names the columns.")
    ],
    invite: Annotated[
        bool, typer.Option("--invite", help="Ask each owner by a letter to confirm.")
    ] = False,
    encoding: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of the file, like cp932.")
    ] = None,
    as_json: AsJson = False,
    *,
    told: dict[str, Any],
) -> int:
    """Subscribe the people of a list who have agreed.

    Columns: address, consent (yes, or a date and where: 2026-11-02 summer school), or
    consent_date and consent_source; and, as in a profile, name, papers, minutes, bar, trending,
    language, format, send_time, weekdays, timezone, send_empty, phrases, authors, categories,
    topics, examples, texts, and mute_phrases and so on. Several values: a; b. What a line leaves
    open comes from --profile and the options.

    Whoever has not agreed, has left or is never to be mailed is told, and not subscribed. Bringing
    a list in twice changes nothing.
    """
    from digest.subscriptions import import_people, read_sheet

    parts = load_app(context)
    sheet = read_sheet(_read(file), encoding)
    desk = parts.signup_desk if invite and _needed_postman(parts) else None
    now = parts.clock()
    if not invite and not {"consent", "consent_date"} & set(sheet.columns):
        raise UsageError(f"{file} has no column consent; add one, or ask the owners by --invite")
    report = import_people(
        parts.store, sheet.rows(now.date(), read_options(told)), now, inviting=desk
    )
    if invite:
        _send_letters(parts)
    _tell(report, as_json=as_json)
    complain([f"{file}: {note}" for note in sheet.notes])
    complain([f"{file}, line {t.line}: {t.why}" for t in report.skipped[:_NAMED]])
    if len(report.skipped) > _NAMED:
        complain([f"{len(report.skipped) - _NAMED} more lines; --json names them all"])
    return 3 if report.skipped else 0


@subscriber.command(epilog=example("digest subscriber export --out people.csv"))
def export(
    context: typer.Context,
    address: Annotated[
        str | None,
        typer.Argument(metavar="[ADDRESS]", help="All that is kept about this one, as JSON."),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it there.")] = None,
) -> int:
    """Write the list of all as CSV, or one subscriber's data as JSON."""
    parts = load_app(context)
    if address is not None:
        everything = parts.subscriptions.export(address)
        write_text(json.dumps(everything, ensure_ascii=False, indent=1) + "\n", out)
        return 0
    write_text("".join(parts.subscriptions.sheet()), out)
    return 0


@subscriber.command(epilog=example("digest subscriber erase ada@example.org"))
def erase(context: typer.Context, address: Address, as_json: AsJson = False) -> int:
    """Forget everything about a subscriber, for good.

    A hash of the address stays: it keeps anybody but its owner from adding it again.
    """
    parts = load_app(context)
    parts.subscriptions.erase(address, parts.clock())
    if as_json:
        typer.echo(json.dumps({"address": address, "erased": True}))
    else:
        typer.echo(f"{address} is erased; only its owner can come back")
    return 0


@subscriber.command(epilog=example("digest subscriber resend ada@example.org --date 2026-11-18"))
def resend(
    context: typer.Context,
    address: Address,
    day: Annotated[
        str | None, typer.Option("--date", metavar="DAY", help="The edition of this day.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Even if the mail server took it before.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Send a letter, or an edition, once more.

    Without --date: the letter that asks to confirm, or, to a subscriber, the one with the links.
    With --date the edition's row in the ledger goes back to `queued`, under the same Message-ID,
    and the next `digest publish` sends it; one that was sent needs --again.
    """
    parts = load_app(context)
    done = _letter(parts, address) if day is None else _edition(parts, address, day, again=again)
    if as_json:
        typer.echo(json.dumps({"address": address, "done": done}, ensure_ascii=False))
    else:
        typer.echo(done)
    return 0


def _letter(parts: "App", address: str) -> str:
    now = parts.clock()
    _needed_postman(parts)
    if parts.signup_desk.remind(address, now):
        what = f"the letter that asks {address} to confirm"
    else:
        parts.subscriptions.write_links(address, now)
        what = f"the letter with the links of {address}"
    return f"{what} {_send_letters(parts)}"


def _edition(parts: "App", address: str, day: str, *, again: bool) -> str:
    from digest.pipeline.resolve import resend_edition

    moment = parse_day(day, "--date")
    assert moment is not None
    wanted: date = moment.date()
    person = parts.subscriptions.get(address)
    waiting = resend_edition(parts.store, person, wanted, parts.clock(), again=again)
    return (
        f"the edition of {wanted} to {person.address}: {counted(waiting, 'delivery', 'deliveries')}"
        " queued; `digest publish` sends it"
    )


def _needed_postman(parts: "App") -> "Postman":
    postman = parts.postman
    if postman is None:
        raise ConfigError(
            "letters need `public_url`, where their links lead to, and a channel that carries mail"
        )
    return postman


def _send_letters(parts: "App") -> str:
    """Send what waits; return what to say of it."""
    report = run_async(_needed_postman(parts).send_due())
    if report.problem:
        complain([f"letters wait, since {report.problem}"])
        return "waits; `digest serve` sends it"
    return "is sent" if report.sent else "waits; `digest serve` sends it"


def _read(file: Path) -> bytes:
    from digest.subscriptions.sheet import MAX_BYTES

    try:
        with file.open("rb") as opened:
            return opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from error


def _tell(report: "ImportReport", *, as_json: bool) -> None:
    if as_json:
        plain = {
            "added": report.added,
            "invited": report.invited,
            "known": report.known,
            "waiting": report.waiting,
            "skipped": [{"line": t.line, "why": t.why} for t in report.skipped],
        }
        typer.echo(json.dumps(plain, ensure_ascii=False))
        return
    told = [f"{report.added} subscribed"]
    told += [f"{report.invited} asked to confirm"] if report.invited else []
    told += [f"{report.known} subscribed before"] if report.known else []
    told += [f"{report.waiting} asked before"] if report.waiting else []
    told += [f"{len(report.skipped)} skipped"] if report.skipped else []
    typer.echo(", ".join(told))

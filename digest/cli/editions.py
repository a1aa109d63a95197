"""Commands on editions: preview, publish, serve."""

import json
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo

import typer

from digest.cli.profile_options import read_profile, takes_profile
from digest.cli.root import (
    AsJson,
    app,
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
    from digest.models import Profile, Rendering
    from digest.pipeline import PublishReport

# The values of models.Format, which --help need not import.
Form = Literal["html", "txt", "md"]

_EASTERNMOST = timedelta(hours=14)  # ahead of UTC: where a day begins first

Day = Annotated[
    str | None,
    typer.Option("--date", metavar="DATE", help="Another day than today, like 2026-11-18."),
]


@app.command(epilog=example("digest preview --phrase 'low-rank adaptation' --format md"))
@takes_profile
def preview(
    context: typer.Context,
    address: Annotated[
        str | None,
        typer.Option("--for", metavar="ADDRESS", help="The next edition of this subscriber."),
    ] = None,
    day: Day = None,
    format: Annotated[Form, typer.Option(help="The form of the digest.")] = "md",  # noqa: A002
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write to this file instead of the terminal."),
    ] = None,
    *,
    told: dict[str, Any],
) -> int:
    """Print a digest on demand; nothing is stored or sent."""
    from digest.app import utc_now
    from digest.models import Answer
    from digest.pipeline import Day as Candidates
    from digest.rendering import Links
    from digest.store import History

    parts = load_app(context)
    person = parts.subscriptions.get(address) if address else None
    wanted = person.profile if person else read_profile(told)
    edition_date, now = _moment(day, wanted, utc_now())
    candidates = Candidates(parts.store, parts.enabled_feeds, parts.edition_options, now)
    past, answers, received = History(), tuple[Answer, ...](), dict[int, datetime]()
    if person:
        ids = [person.subscriber_id]
        past = parts.store.editions.history(ids, since=candidates.since)[person.subscriber_id]
        answers = parts.store.answers.of(ids).get(person.subscriber_id, ())
        received = parts.store.editions.received(ids, candidates.revised)[person.subscriber_id]
    edition = candidates.edition(
        wanted,
        edition_date,
        since=past.cut,
        sent=past.sent_papers,
        answers=answers,
        received=received,
    )
    write_text(_in_format(parts.renderer.render(edition, Links()), format), out)
    return 0


@app.command(epilog=example("digest publish --for ada@example.org"))
def publish(
    context: typer.Context,
    address: Annotated[
        str | None,
        typer.Option(
            "--for", metavar="ADDRESS", help="Only this subscriber, whatever the weekday."
        ),
    ] = None,
    day: Day = None,
    on_time: Annotated[
        bool,
        typer.Option(
            "--on-time",
            help="Only editions whose send time has come, for a job that runs every few minutes."
            " Without it, today's editions are sent now.",
        ),
    ] = False,
    no_collect: Annotated[
        bool,
        typer.Option(
            "--no-collect", help="Show counts of upvotes and comments as they were last collected."
        ),
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Send each subscriber the edition of the day. Running it twice sends nothing twice."""
    from digest.app import utc_now
    from digest.stopping import until_stopped

    parts = load_app(context)
    if address:
        parts.subscriptions.get(address)
    edition_date = _not_in_future(day, (utc_now() + _EASTERNMOST).date())
    publisher = parts.publisher(collect=not no_collect)

    async def work() -> "PublishReport":
        publishing = publisher.publish(edition_date=edition_date, only=address, on_time=on_time)
        report = await until_stopped(publishing, publisher.stop)
        if parts.watch:
            await parts.watch.look()
        return report

    report = run_async(work())
    _print_report(report, as_json)
    complain((*report.mistakes, *report.problems))
    if report.mistakes:
        return 1
    if report.unfinished or report.problems:
        return 3 if report.sent or not report.unfinished else 1
    return 0


@app.command(epilog=example("digest --config /etc/digest/digest.toml serve"))
def serve(context: typer.Context) -> int:
    """Collect, publish and serve pages by itself, until stopped.

    There are pages where `public_url` is set; then it is two processes.
    """
    from functools import partial

    parts = load_app(context, verbose=True)
    if parts.settings.public_url:
        from digest.background import serve_apart
        from digest.web import serve_pages

        run_async(serve_apart(parts, partial(serve_pages, parts)))
    else:
        from digest import scheduling

        run_async(scheduling.serve(parts))
    return 0


@app.command(epilog=example("digest --config /etc/digest/digest.toml web"))
def web(context: typer.Context) -> int:
    """Serve the web pages alone; others collect and publish."""
    import asyncio

    from digest.stopping import on_signal
    from digest.web import serve_pages

    parts = load_app(context, verbose=True)
    if not parts.settings.public_url:
        raise ConfigError("set `public_url` first, the address at which people find the pages")

    async def serving() -> None:
        stopping = asyncio.Event()
        with on_signal(stopping.set):
            await serve_pages(parts, stopping)

    run_async(serving())
    return 0


def _moment(day: str | None, profile: "Profile", now: datetime) -> tuple[date, datetime]:
    """Return the edition's day and the instant up to which papers count."""
    today = profile.schedule.local_date(now)
    chosen = _not_in_future(day, today)
    if chosen is None:
        return today, now
    zone = ZoneInfo(profile.schedule.timezone)
    end = datetime.combine(chosen + timedelta(days=1), time(0), zone)
    return chosen, min(end, now)


def _not_in_future(day: str | None, today: date) -> date | None:
    """Return the day that was asked for, if one was; papers of later days are not known."""
    moment = parse_day(day, "--date")
    if moment and moment.date() > today:
        raise UsageError(f"--date {day} lies in the future")
    return moment.date() if moment else None


def _in_format(rendering: "Rendering", wanted: Form) -> str:
    match wanted:
        case "html":
            return rendering.html
        case "txt":
            return rendering.text
        case "md":
            return rendering.markdown


def _print_report(report: "PublishReport", as_json: bool) -> None:
    """Print the sum that must balance."""
    from digest.models import DeliveryState

    counts = {state.value: report.states.get(state, 0) for state in DeliveryState}
    if as_json:
        plain = {
            "planned": report.planned,
            "deliveries": report.total,
            **counts,
            "problems": [*report.mistakes, *report.problems],
        }
        typer.echo(json.dumps(plain, ensure_ascii=False))
        return
    if report.elsewhere:
        told = counted(report.elsewhere, "delivery is", "deliveries are")
        typer.echo(f"{told} in the hands of another process that is sending just now")
    if not report.total:
        if report.elsewhere or report.problems:
            return
        typer.echo("nothing to send: every edition of the day has been made, or none is due")
        return
    told = " + ".join(f"{count} {state}" for state, count in counts.items() if count)
    typer.echo(f"{counted(report.total, 'delivery', 'deliveries')} = {told}")

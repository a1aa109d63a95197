"""The commands on the ledger: what became of deliveries, and what is to become of them."""

import json
from enum import StrEnum
from typing import Annotated

import typer

from digest.cli.root import AsJson, app, complain, counted, example, load_app
from digest.errors import UsageError


class State(StrEnum):
    """The values of models.DeliveryState, which --help need not import."""

    QUEUED = "queued"
    TRANSMITTING = "transmitting"
    SENT = "sent"
    DEFERRED = "deferred"
    FAILED = "failed"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"
    SILENT = "silent"


@app.command(epilog=example("digest deliveries --state unknown"))
def deliveries(
    context: typer.Context,
    state: Annotated[
        State | None,
        typer.Option(metavar="STATE", help="Only those in this state, like unknown or failed."),
    ] = None,
    address: Annotated[
        str | None, typer.Option("--for", metavar="ADDRESS", help="Only this subscriber's.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 100,
    as_json: AsJson = False,
) -> int:
    """List the newest deliveries, and what became of them."""
    from digest.models import DeliveryState

    parts = load_app(context)
    whose = parts.subscriptions.get(address).subscriber_id if address else None
    wanted = DeliveryState(state.value) if state else None
    found = parts.store.deliveries.list_deliveries(wanted, subscriber_id=whose, limit=limit)
    for delivery, person in found:
        plain = {
            "delivery": delivery.delivery_id,
            "date": delivery.edition_date.isoformat(),
            "address": person.address,
            "channel": delivery.channel,
            "state": delivery.state.value,
            "attempts": delivery.attempts,
            "next_try_at": delivery.next_try_at.isoformat() if delivery.next_try_at else None,
            "detail": delivery.detail,
        }
        if as_json:
            typer.echo(json.dumps(plain, ensure_ascii=False))
            continue
        why = f": {delivery.detail}" if delivery.detail else ""
        again = f", again at {delivery.next_try_at:%H:%M} UTC" if delivery.next_try_at else ""
        typer.echo(
            f"#{delivery.delivery_id}  {plain['date']}  {person.address}  {delivery.channel}  {delivery.state}{why}{again}"
        )
    if not (found or as_json):
        typer.echo("no deliveries")
    return 0


class Outcome(StrEnum):
    """The values of store.Verdict, which --help need not import."""

    SENT = "sent"
    RESEND = "resend"
    DROP = "drop"


@app.command(epilog=example("digest resolve 17 18 --as resend"))
def resolve(
    context: typer.Context,
    verdict: Annotated[
        Outcome,
        typer.Option("--as", metavar="sent|resend|drop", help="It arrived; once more; give it up."),
    ],
    numbers: Annotated[
        list[str] | None,
        typer.Argument(metavar="[DELIVERY]...", help="As `digest deliveries` shows them: #17."),
    ] = None,
    unknown: Annotated[
        bool, typer.Option("--all-unknown", help="All whose outcome is unknown.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Decide on deliveries whose outcome is unknown.

    Their papers come again in the next edition unless they count as sent. What is to be sent once
    more goes back to `queued`, under the same Message-ID, and `digest publish` sends it.
    """
    from digest.pipeline.resolve import resolve as decide
    from digest.pipeline.resolve import resolve_unknown
    from digest.store import Verdict

    if unknown == bool(numbers):
        raise UsageError("name deliveries by their numbers, or --all-unknown")
    parts = load_app(context)
    chosen = Verdict(verdict.value)
    if unknown:
        changed, told = resolve_unknown(parts.store, chosen, parts.clock())
    else:
        ids = [_number(text) for text in numbers or ()]
        changed, told = decide(parts.store, ids, chosen, parts.clock())
    if as_json:
        typer.echo(json.dumps({"changed": changed, "problems": told}))
    else:
        typer.echo(f"{counted(changed, 'delivery', 'deliveries')}: {verdict.value}")
    complain(told)
    return 3 if told else 0


def _number(text: str) -> int:
    number = text.removeprefix("#")
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise UsageError(f"{text!r} is no number of a delivery; see `digest deliveries`")
    return int(number)

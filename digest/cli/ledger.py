"""The command on the ledger: deliveries."""

import json
from enum import StrEnum
from typing import Annotated

import typer

from digest.cli.root import AsJson, app, example, load_app


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
            f"{plain['date']}  {person.address}  {delivery.channel}  {delivery.state}{why}{again}"
        )
    if not (found or as_json):
        typer.echo("no deliveries")
    return 0

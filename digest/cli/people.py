"""Commands on subscribers."""

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.profile_options import read_profile, takes_profile
from digest.cli.root import AsJson, app, complain, counted, example, load_app, want_command

if TYPE_CHECKING:
    from digest.models import Interest, Profile, Subscriber

subscriber = typer.Typer(
    invoke_without_command=True,
    callback=want_command,
    help="Add, list, show, change, pause and remove subscribers.",
)
app.add_typer(subscriber, name="subscriber", epilog=example("digest subscriber list"))

Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="The mail address.")]


@subscriber.command(
    epilog=example("digest subscriber add ada@example.org --profile config/profile.toml")
)
@takes_profile
def add(
    context: typer.Context,
    address: Address,
    confirmed: Annotated[
        bool,
        typer.Option(
            "--confirmed", help="The owner of the address has agreed. You vouch for it either way."
        ),
    ] = False,
    *,
    told: dict[str, Any],
) -> int:
    """Subscribe an address, whose owner has agreed, with a profile."""
    from digest.app import utc_now

    wanted = read_profile(told)
    person = load_app(context).subscriptions.add(address, wanted, utc_now())
    typer.echo(f"{person.address} is subscribed: {_summary(person.profile)}")
    return 0


@subscriber.command(epilog=example("digest subscriber update ada@example.org --profile new.toml"))
@takes_profile
def update(context: typer.Context, address: Address, *, told: dict[str, Any]) -> int:
    """Replace the profile of a subscriber."""
    person = load_app(context).subscriptions.update(address, read_profile(told))
    typer.echo(f"{person.address}: {_summary(person.profile)}")
    return 0


class State(StrEnum):
    """The values of models.SubscriberState, which --help need not import."""

    PENDING = "pending"
    ACTIVE = "active"
    PAUSED = "paused"
    UNSUBSCRIBED = "unsubscribed"


@subscriber.command("list", epilog=example("digest subscriber list example.org --state paused"))
def list_(
    context: typer.Context,
    query: Annotated[
        str, typer.Argument(metavar="[PART]", help="Only addresses with this in them.")
    ] = "",
    state: Annotated[
        State | None, typer.Option(metavar="STATE", help="Only active, paused, unsubscribed ones.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="At most so many.")] = None,
    after: Annotated[str, typer.Option(metavar="ADDRESS", help="Go on behind this address.")] = "",
    as_json: AsJson = False,
) -> int:
    """List subscribers by address."""
    from itertools import islice

    from digest.models import SubscriberState

    wanted = SubscriberState(state.value) if state else None
    people = load_app(context).subscriptions.walk(query, wanted, after)
    last = after
    for person in islice(people, limit):
        last = person.address
        if as_json:
            typer.echo(json.dumps(subscriber_json(person), ensure_ascii=False))
        else:
            typer.echo(f"{person.address:<36} {person.state:<13} {_summary(person.profile)}")
    if limit and next(people, None):
        complain([f"there are more: go on by --after {last}"])
    return 0


@subscriber.command(epilog=example("digest subscriber show ada@example.org"))
def show(context: typer.Context, address: Address, as_json: AsJson = False) -> int:
    """Show one subscriber with the whole profile, answers and mails."""
    people = load_app(context).subscriptions
    seen = people.look(address)
    person = seen.person
    if as_json:
        told = {
            "consent": seen.consent,
            "suppressed": seen.suppressed,
            "paused_until": person.paused_until.isoformat() if person.paused_until else None,
            "answers": [
                {"paper": p.ref, "kind": a.kind, "answered_at": a.answered_at.isoformat()}
                for a, p in seen.answers
            ],
            "deliveries": [
                {"delivery": d.delivery_id, "date": d.edition_date.isoformat(), "state": d.state}
                for d in seen.deliveries
            ],
        }
        typer.echo(json.dumps(subscriber_json(person) | told, ensure_ascii=False))
        return 0
    until = f" until {person.paused_until:%Y-%m-%d}" if person.paused_until else ""
    typer.echo(f"{person.address}: {person.state}{until}\n{_summary(person.profile)}")
    if seen.suppressed:
        typer.echo(f"never mailed: {seen.suppressed}")
    if seen.consent:
        typer.echo(f"agreed: {seen.consent}")
    for interest in person.profile.interests:
        typer.echo(f"  {_describe(interest)}")
    for answer, paper in seen.answers:
        typer.echo(f"  {answer.kind} on {answer.answered_at:%Y-%m-%d}: {paper.ref} {paper.title}")
    for delivery in seen.deliveries:
        typer.echo(f"  edition of {delivery.edition_date} by {delivery.channel}: {delivery.state}")
    return 0


@subscriber.command(epilog=example("digest subscriber pause ada@example.org"))
def pause(context: typer.Context, address: Address) -> int:
    """Send nothing to a subscriber until `resume`."""
    from digest.app import utc_now

    person = load_app(context).subscriptions.pause(address, utc_now())
    typer.echo(f"{person.address} is {person.state}")
    return 0


@subscriber.command(epilog=example("digest subscriber resume ada@example.org"))
def resume(context: typer.Context, address: Address) -> int:
    """Send to a paused subscriber again."""
    from digest.app import utc_now

    person = load_app(context).subscriptions.resume(address, utc_now())
    typer.echo(f"{person.address} is {person.state}")
    return 0


@subscriber.command(epilog=example("digest subscriber remove ada@example.org"))
def remove(context: typer.Context, address: Address) -> int:
    """Forget a subscriber, with profile and editions."""
    load_app(context).subscriptions.remove(address)
    typer.echo(f"{address} is removed")
    return 0


def subscriber_json(person: "Subscriber") -> dict[str, Any]:
    """Return a subscriber as plain JSON data."""
    from digest.profiles import WEEKDAYS

    profile = person.profile
    return {
        "address": person.address,
        "state": person.state,
        "created_at": person.created_at.isoformat(),
        "name": profile.name,
        "papers": profile.papers,
        "trending": profile.trending,
        "language": profile.language,
        "format": profile.format,
        "send_time": f"{profile.schedule.send_time:%H:%M}",
        "weekdays": [WEEKDAYS[day] for day in sorted(profile.schedule.weekdays)],
        "timezone": profile.schedule.timezone,
        "send_empty": profile.send_empty,
        "updates": profile.updates.value,
        "weekly_on": None if profile.weekly_on is None else WEEKDAYS[profile.weekly_on],
        "minutes": profile.minutes,
        "bar": profile.bar,
        "interests": [
            {
                **{"kind": i.kind, "value": i.value, "weight": i.weight, "muted": i.muted},
                "weekly": i.weekly,
            }
            for i in profile.interests
        ],
    }


def _summary(profile: "Profile") -> str:
    from digest.profiles import WEEKDAYS

    schedule = profile.schedule
    days = (
        "every day"
        if len(schedule.weekdays) == len(WEEKDAYS)
        else ", ".join(WEEKDAYS[day] for day in sorted(schedule.weekdays))
    )
    return (
        f"{counted(len(profile.wanted), 'interest')}, {counted(profile.papers, 'paper')} as {profile.format},"
        f" {days} at {schedule.send_time:%H:%M} {schedule.timezone}"
    )


def _describe(interest: "Interest") -> str:
    if interest.muted:
        return f"mute {interest.kind}: {interest.value}"
    weight = "" if interest.weight == 1 else f" (weight {interest.weight:g})"
    return f"{interest.kind}: {interest.value}{weight}"

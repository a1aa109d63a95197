"""The command that measures how well a profile suits its reader: evaluate."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.root import AsJson, app, counted, example, load_app

if TYPE_CHECKING:
    from digest.pipeline.measuring import Estimate, Evaluation


@app.command(epilog=example("digest evaluate --for ada@example.org --against changed.toml"))
def evaluate(
    context: typer.Context,
    address: Annotated[str, typer.Option("--for", metavar="ADDRESS", help="A subscriber.")],
    against: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Another profile, to compare with the subscriber's."),
    ] = None,
    first: Annotated[int, typer.Option(min=1, max=100, help="So many papers count.")] = 10,
    as_json: AsJson = False,
) -> int:
    """Judge a subscriber's ranking by the answers that came to it."""
    from digest.pipeline.measuring import evaluate as judge
    from digest.profiles import from_options

    parts = load_app(context)
    person = parts.subscriptions.get(address)
    profiles = {"profile": person.profile}
    if against:
        profiles[against.name] = from_options(against, {"interests": {}, "mute": {}})
    found = {
        name: judge(parts.store, parts.edition_options, person, profile, first=first)
        for name, profile in profiles.items()
    }
    if as_json:
        typer.echo(json.dumps({name: _plain(result) for name, result in found.items()}))
        return 0
    for name, result in found.items():
        typer.echo(
            f"{name}: nDCG@{first} {_interval(result.ndcg)},"
            f" hit rate {_interval(result.hit_rate)}, over {counted(len(result.days), 'day')}"
        )
    return 0


def _interval(estimate: "Estimate") -> str:
    return f"{estimate.mean:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"


def _plain(result: "Evaluation") -> dict[str, Any]:
    days = [{**asdict(day), "edition_date": f"{day.edition_date}"} for day in result.days]
    return {"ndcg": asdict(result.ndcg), "hit_rate": asdict(result.hit_rate), "days": days}

"""Commands on one paper and one subscriber: answer, why."""

import json
import math
from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.papers import PaperRef
from digest.cli.root import AsJson, app, example, load_app

if TYPE_CHECKING:
    from digest.pipeline.traces import Part, Trace


class Said(StrEnum):
    """What can be said of a paper on the command line."""

    MORE = "more"
    LESS = "less"
    SAVE = "save"
    FORGET = "forget"


Whose = Annotated[str, typer.Option("--for", metavar="ADDRESS", help="A subscriber.")]


@app.command(epilog=example("digest answer 2611.90123 more --for ada@example.org"))
def answer(
    context: typer.Context,
    paper: PaperRef,
    said: Annotated[Said, typer.Argument(help="What the subscriber says of it.")],
    address: Whose,
) -> int:
    """Note what a subscriber says of a paper, to rank by."""
    from digest.app import utc_now
    from digest.models import AnswerKind

    people = load_app(context).subscriptions
    if said is Said.FORGET:
        found = people.forget(address, paper)
        typer.echo(f"forgotten: what {address} said of {found.ref}: {found.title}")
    else:
        found = people.answer(address, paper, AnswerKind(said.value), utc_now())
        typer.echo(f"{said.value}: {found.ref}: {found.title}")
    return 0


@app.command(epilog=example("digest why 2611.90123 --for ada@example.org"))
def why(
    context: typer.Context,
    paper: PaperRef,
    address: Whose,
    as_json: AsJson = False,
) -> int:
    """Tell where a paper went on its way to a subscriber, and why."""
    from digest.app import utc_now
    from digest.pipeline.why import Inquiry

    parts = load_app(context)
    person = parts.subscriptions.get(address)
    inquiry = Inquiry(parts.store, parts.enabled_feeds, parts.edition_options, utc_now())
    trace = inquiry.ask(paper, person)
    typer.echo(json.dumps(_plain(trace), ensure_ascii=False) if as_json else _told(trace))
    return 0


def _told(trace: "Trace") -> str:
    lines = [f"{trace.paper.ref}  {trace.paper.title}"] if trace.paper else []
    for step in trace.steps:
        first, *rest = step.told or ("",)
        lines.append(f"{'✓' if step.passed else '✗'} {step.stage.value:<10} {first}")
        lines += [f"{'':12} {line}" for line in rest]
    if trace.table:
        lines += ["", "score  likeness  interest"]
    for part in trace.table:
        likeness = f"{'—':>8}" if part.likeness is None else f"{part.likeness:8.3f}"
        lines.append(f"{part.score:5.3f}  {likeness}  {_name(part)}")
        for reason in part.reasons:
            said = " ".join((reason.value or "all interests together", *reason.words))
            told = f"{reason.kind.value}: {said}"
            lines.append(f"{'':17}{reason.contribution:+6.3f}  {told}")
        if part.terms:
            lines.append(f"{'':17}its words, each with its part of the likeness:")
            digits = _digits(value for _, value in part.terms)
            lines += [
                f"{'':19}{value:+.{digits}f}  {name or 'all others'}" for name, value in part.terms
            ]
    return "\n".join(lines)


def _digits(values: Iterable[float]) -> int:
    """Return how many decimals tell the largest of some numbers to three digits; at least 3."""
    largest = max(map(abs, values), default=0.0)
    return 3 if largest <= 0 else max(3, 2 - math.floor(math.log10(largest)))


def _name(part: "Part") -> str:
    if part.interest is None:
        return "popularity"
    if part.interest.kind == "answers":
        return "what was liked by answers"
    return f"{part.interest.kind.value} “{part.interest.value}”, weight {part.interest.weight:g}"


def _plain(trace: "Trace") -> dict[str, Any]:
    return {
        "paper": trace.paper and {"ref": trace.paper.ref, "title": trace.paper.title},
        "edition_date": trace.edition_date and trace.edition_date.isoformat(),
        "steps": [
            {"stage": s.stage.value, "passed": s.passed, "told": list(s.told)} for s in trace.steps
        ],
        "table": [
            {
                "interest": p.interest and {"kind": p.interest.kind, "value": p.interest.value},
                "score": p.score,
                "likeness": p.likeness,
                "reasons": [
                    {
                        "kind": r.kind.value,
                        "value": r.value,
                        "words": list(r.words),
                        "contribution": r.contribution,
                    }
                    for r in p.reasons
                ],
                "terms": [{"term": name, "part": value} for name, value in p.terms],
            }
            for p in trace.table
        ],
    }

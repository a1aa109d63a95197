"""Summarise: a language model's sentence on new papers, after a collection, never in a publish.

Each paper is asked about once, and its sentence stored; a server that fails ends the run, and
costs nothing else.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from digest.errors import SummaryError
from digest.store import Store
from digest.summaries import Summariser, SummaryOptions


@dataclass(frozen=True, slots=True)
class SummaryReport:
    """What a run did.

    Attributes:
        summarised: papers that have a sentence now.
        problem: one line on what ended it early; None: nothing did.
    """

    summarised: int
    problem: str | None = None


def summarise_missing(
    store: Store, options: SummaryOptions, *, timer: Callable[[], float] = time.monotonic
) -> SummaryReport | None:
    """Ask for a sentence on the newest papers that have none; None: that is off.

    Args:
        store: the papers.
        options: where to ask, and how much.
        timer: tells seconds.
    """
    if not options.is_on:
        return None
    started, made = timer(), 0
    try:
        with Summariser(options) as summariser:
            for paper in store.papers.without_tldr(options.papers):
                if timer() - started >= options.seconds:
                    break
                sentence = summariser.sentence(paper.title, paper.abstract)
                store.papers.save_tldr(paper.paper_id, sentence)
                made += bool(sentence)
    except SummaryError as error:
        return SummaryReport(made, str(error))
    return SummaryReport(made)

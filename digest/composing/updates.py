"""Updates: papers that were sent before, and of which there is news. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from digest.models import (
    Edition,
    Paper,
    Profile,
    Reason,
    ReasonKind,
    ScoredPaper,
    Section,
    Updates,
)
from digest.wording import wording

_MOST = 10  # papers


def with_updates(
    edition: Edition, revised: Iterable[Paper], received: Mapping[int, datetime], profile: Profile
) -> Edition:
    """Return an edition with a last section of papers that have changed since they were sent.

    Args:
        edition: its new papers.
        revised: papers of which a later version came, the newest first.
        received: when this subscriber was last sent each of them; others are not theirs.
        profile: whether they want to hear of it.
    """
    if profile.updates is Updates.NONE:
        return edition
    there = {scored.paper.paper_id for scored in edition.papers}
    found = [
        _told(paper, received[paper.paper_id], profile)
        for paper in revised
        if paper.paper_id in received
        and paper.paper_id not in there
        and paper.revised_at is not None
        and received[paper.paper_id] < paper.revised_at
        and (paper.withdrawn or profile.updates is Updates.ALL)
    ]
    if not found:
        return edition
    found.sort(key=lambda scored: not scored.paper.withdrawn)
    title = wording(edition.language).gettext("Updates to papers you were sent")
    section = Section(title, None, tuple(found[:_MOST]), updates=True)
    return replace(edition, sections=(*edition.sections, section))


def _told(paper: Paper, sent_at: datetime, profile: Profile) -> ScoredPaper:
    news = "withdrawn" if paper.withdrawn else str(paper.arxiv_version)
    day = profile.schedule.local_date(sent_at).isoformat()
    return ScoredPaper(paper, 0.0, None, (Reason(ReasonKind.UPDATE, news, (day,)),))

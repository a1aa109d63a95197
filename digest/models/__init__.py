"""The hand-over types: what one stage gives to the next. All frozen; none does I/O.

Times named ``*_at`` are aware UTC instants, ``*_date`` are calendar days. Text fields hold
what the source said, cleaned of control characters; TeX is turned to Unicode only for display.
"""

from digest.models.editions import (
    Block,
    Delivery,
    DeliveryState,
    Edition,
    FeedHealth,
    InterestCount,
    Lesson,
    Rate,
    Remarks,
    Rendering,
    Section,
)
from digest.models.letters import Letter, LetterKind, Signup
from digest.models.papers import (
    SPLIT,
    Entry,
    FeedState,
    KnownPaper,
    Paper,
    PaperChange,
    Placement,
    Sighting,
    Topic,
)
from digest.models.people import (
    Answer,
    AnswerKind,
    Bar,
    Format,
    Interest,
    InterestKind,
    Profile,
    Schedule,
    Subscriber,
    SubscriberState,
    Updates,
)
from digest.models.rankings import Opinion, Ranking, Reason, ReasonKind, ScoredPaper

__all__ = [
    "SPLIT",
    "Answer",
    "AnswerKind",
    "Bar",
    "Block",
    "Delivery",
    "DeliveryState",
    "Edition",
    "Entry",
    "FeedHealth",
    "FeedState",
    "Format",
    "Interest",
    "InterestCount",
    "InterestKind",
    "KnownPaper",
    "Lesson",
    "Letter",
    "LetterKind",
    "Opinion",
    "Paper",
    "PaperChange",
    "Placement",
    "Profile",
    "Ranking",
    "Rate",
    "Reason",
    "ReasonKind",
    "Remarks",
    "Rendering",
    "Schedule",
    "ScoredPaper",
    "Section",
    "Sighting",
    "Signup",
    "Subscriber",
    "SubscriberState",
    "Topic",
    "Updates",
]

"""Sign-ups that wait for their confirmation, and letters about subscriptions."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from digest.models.people import Profile


@dataclass(frozen=True, slots=True)
class Signup:
    """An address that somebody gave, and whose owner has not confirmed it yet.

    Attributes:
        subscriber_id: whose new address it is; None: a new subscriber's.
        profile: what a new subscriber wants.
        asked_at: when it was given last.
    """

    signup_id: int
    address: str
    subscriber_id: int | None
    profile: Profile
    asked_at: datetime


class LetterKind(StrEnum):
    """What a letter is for. None holds a word that somebody on the web could choose."""

    CONFIRM = "confirm"  # asks a new subscriber to confirm
    LINKS = "links"  # leads a subscriber to the own pages
    READDRESS = "readdress"  # asks to confirm a new address
    MOVED = "moved"  # tells the old address that mail goes elsewhere now


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail about a subscription, to be written and sent.

    Attributes:
        subscriber_id: whose links stand in it; None: it has none.
        signup_id: the sign-up that it asks to confirm; None: it asks nothing.
        attempts: how often it was handed over before.
    """

    letter_id: int
    kind: LetterKind
    address: str
    subscriber_id: int | None
    signup_id: int | None
    language: str
    attempts: int
    created_at: datetime

"""What a channel is: a way out for parcels, which answers each with an outcome.

Adding a channel is one file with one `Channel`, one line in ``delivery.CHANNELS`` and its
tests. A recipient's trouble is an `Outcome`; only a channel that is out of order as a whole
raises, and then nothing went out for the parcel in hand.
"""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from digest.models import Format, Rate, Rendering


class OutcomeKind(StrEnum):
    """What became of one parcel."""

    SENT = "sent"  # accepted; delivered is never claimed
    DEFERRED = "deferred"  # nothing was accepted: safe to try again later
    FAILED = "failed"  # refused for good
    UNKNOWN = "unknown"  # all of it was handed over, and the answer was lost


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to one parcel.

    Attributes:
        detail: one line for people: the server's words where there are any, else ours.
        code: the SMTP reply code (RFC 5321), where a server answered.
        enhanced: the status code of RFC 3463, like ``5.1.1``, where the answer has one.
        ours: the fault is the sender's and not the recipient's (policy, missing login, a
            sender that is refused, for good or for now): the run should stop if it stays so,
            and the address is not to blame.
        policy: it is ours by policy, but said after the recipient was named: it may be that
            recipient's own filter, and about us only when it repeats.
        gone: there is no such mailbox, and there will be none: never mail it again.
    """

    kind: OutcomeKind
    detail: str
    code: int | None = None
    enhanced: str | None = None
    ours: bool = False
    policy: bool = False
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Parcel:
    """One rendered edition (or letter about a subscription) for one address.

    Attributes:
        delivery_id: key of the delivery's row; of a letter, the letter's.
        edition_id: key of the edition; None: a letter, like the one that asks to confirm.
        edition_date: a day in the subscriber's zone.
        composed_at: becomes the mail's Date, so a second sending equals the first.
        language: of the text, like ``en``.
        unsubscribe_url: page and one-click target; empty when there is no public web page.
        unsubscribe_token: lets a mail to the unsubscribe address name its subscriber.
        bounce_token: stands in the return path; empty: the delivery's number does.
    """

    delivery_id: int
    edition_id: int | None
    subscriber_id: int
    address: str
    edition_date: date
    composed_at: datetime
    format: Format
    rendering: Rendering
    language: str = "en"
    unsubscribe_url: str = ""
    unsubscribe_token: str = ""
    bounce_token: str = ""

    @property
    def reference(self) -> str:
        """A name that stays the same whenever this parcel is sent again; fit for a file."""
        if self.edition_id is not None:
            return f"edition-{self.edition_id}.{self.subscriber_id}"
        return f"letter-{self.delivery_id}.{self.composed_at:%Y%m%dT%H%M%S}"


class Session(Protocol):
    """One connection, or one folder. Not to be shared between tasks."""

    async def deliver(self, parcel: Parcel) -> Outcome:
        """Hand one parcel over and tell what became of it.

        Raises:
            DeliveryError: the channel as a whole is out of order; nothing was handed over.
        """

    def hurry(self, seconds: float) -> None:
        """End within so many seconds; what is on its way then comes back with its outcome."""


class Channel(Protocol):
    """A way out."""

    @property
    def name(self) -> str:
        """Key in ``delivery.CHANNELS``."""

    @property
    def connections(self) -> int:
        """How many sessions may be open at once."""

    @property
    def repeatable(self) -> bool:
        """Whether delivering twice is the same as once, so that nothing stays in doubt."""

    def forms(self, format_: Format) -> Collection[Format]:
        """Return which forms of a rendering it needs for a reader of this format."""

    def limits(self, address: str) -> Sequence[Rate]:
        """Return the rate limits that a message to this address counts against."""

    async def check(self) -> str:
        """Try the channel without sending anything; return one line on what was found.

        Raises:
            DeliveryError: it does not work; the message says what to do.
        """

    def session(self) -> AbstractAsyncContextManager[Session]:
        """Return a session; leaving its context closes it."""

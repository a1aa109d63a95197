"""Channels that answer as a test tells them."""

from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from digest.delivery import MailOptions, OutboxChannel, Outcome, OutcomeKind, Parcel


@dataclass
class ScriptedChannel:
    """Answers parcels as it is told: an Outcome, an exception, or what a function returns."""

    answer: Callable[[Parcel], Outcome]
    name: str = "scripted"
    connections: int = 1
    parcels: list[Parcel] = field(default_factory=list)

    async def check(self) -> str:
        return "scripted"

    @asynccontextmanager
    async def session(self):
        yield self

    async def deliver(self, parcel: Parcel) -> Outcome:
        self.parcels.append(parcel)
        return self.answer(parcel)


def accept(parcel: Parcel) -> Outcome:
    return Outcome(OutcomeKind.SENT, "250 fine")


def outbox() -> OutboxChannel:
    return OutboxChannel(MailOptions("Digest <digest@example.org>"))

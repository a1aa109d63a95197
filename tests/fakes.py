"""Channels that answer as a test tells them."""

from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from digest.delivery import MailOptions, OutboxChannel, Outcome, OutcomeKind, Parcel
from digest.models import Format, Rate


@dataclass
class ScriptedChannel:
    """Answers parcels as it is told: an Outcome, an exception, or what a function returns."""

    answer: Callable[[Parcel], Outcome]
    name: str = "scripted"
    connections: int = 1
    repeatable: bool = False
    parcels: list[Parcel] = field(default_factory=list)
    rates: Callable[[str], list[Rate]] = lambda address: []

    async def check(self) -> str:
        return "scripted"

    def forms(self, format_: Format) -> frozenset[Format]:
        return frozenset(Format)

    def limits(self, address: str) -> list[Rate]:
        return self.rates(address)

    def hurry(self, seconds: float) -> None:
        pass

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

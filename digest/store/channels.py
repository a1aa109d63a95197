"""Channels: which ones failed, so that a restart does not ask a dead server again at once."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from digest.store.database import Database, insert
from digest.store.schema import channels


@dataclass(frozen=True, slots=True)
class ChannelState:
    """How a channel stands; all zero: it works, as far as anybody knows.

    Attributes:
        failures: how often it failed in a row.
        pauses: how often in a row it was left alone because of that.
        paused_until: not to be tried before, unless a person asks for it.
        problem: one line on the last failure.
    """

    channel: str
    failures: int = 0
    pauses: int = 0
    paused_until: datetime | None = None
    problem: str = ""
    failed_at: datetime | None = None


class Channels:
    """What is remembered of channels."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> dict[str, ChannelState]:
        """Return the channels that failed and have not worked since."""
        with self._database.reading() as connection:
            rows = connection.execute(select(channels).order_by(channels.c.channel)).all()
        return {row.channel: ChannelState(**row._mapping) for row in rows}

    def get(self, channel: str) -> ChannelState:
        """Return how a channel stands."""
        return self.all().get(channel, ChannelState(channel))

    def save(self, state: ChannelState) -> None:
        """Remember how a channel stands; several processes may do so, and the last one stays."""
        values = {name: getattr(state, name) for name in ChannelState.__dataclass_fields__}
        with self._database.writing() as connection:
            connection.execute(
                insert(connection, channels)
                .values(values)
                .on_conflict_do_update(index_elements=[channels.c.channel], set_=values)
            )

    def worked(self, channel: str) -> None:
        """Forget the failures of a channel that works again."""
        with self._database.writing() as connection:
            connection.execute(delete(channels).where(channels.c.channel == channel))

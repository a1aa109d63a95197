"""Column types that keep what they are given, and never trip over what a feed holds."""

from datetime import UTC, datetime

from sqlalchemy import DateTime, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator

MAX_COUNT = 2**31 - 1  # what an INTEGER of every database holds


class Encoded(str):
    """JSON text that was made before, for a column of plain data; it is stored as it is."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant, stored as naive UTC of fixed width, so that text order is time order."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the instant in UTC without its zone; a naive one is a mistake of the caller."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone; the store keeps aware instants only")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the stored instant as aware UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


class SafeText(TypeDecorator[str]):
    """Text in which a lone surrogate or a NUL becomes "?": no database can hold them."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return text that can be encoded."""
        return None if value is None else storable(value)


class Count(TypeDecorator[int]):
    """A number that a source gave; one beyond all reason is cut to the largest that fits."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        """Return the number within the range of an INTEGER."""
        return None if value is None else max(-MAX_COUNT, min(value, MAX_COUNT))


def storable(text: str) -> str:
    """Return text without what databases refuse: lone surrogates and NUL become "?"."""
    if text.isascii():
        return text.replace("\0", "?")
    return text.encode("utf-8", "replace").decode().replace("\0", "?")

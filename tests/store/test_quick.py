"""Transactions by the driver alone, on both kinds of database."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import bindparam, select

from digest.errors import StoreError
from digest.store.database import Database, open_database
from digest.store.quick import Prepared
from digest.store.schema import deliveries, feeds, suppressions

PUT = Prepared(lambda _: suppressions.insert())
FIND = Prepared(
    lambda _: select(suppressions.c.address_key).where(suppressions.c.address_key == bindparam("a"))
)


@pytest.fixture
def database(url: str):
    opened = open_database(url, timedelta(milliseconds=100))
    yield opened
    opened.close()


def row(address: str, now: datetime, reason: str = "x") -> dict[str, object]:
    return {"address_key": address, "reason": reason, "suppressed_at": now}


def suppressed(database: Database) -> list[tuple[str, str, datetime]]:
    with database.reading() as connection:
        return [tuple(found) for found in connection.execute(select(suppressions))]


def test_values_go_through_the_types_of_their_columns(database: Database, now: datetime) -> None:
    with database.quick() as quick:
        assert quick.run(PUT, row("a", now, "a lone \ud83d and a \0")) == 1
        quick.run_each(PUT, [])
        quick.run_each(PUT, [row("b", now), row("c", now)])
    told = {address: (reason, at) for address, reason, at in suppressed(database)}
    assert told == {"a": ("a lone ? and a ?", now), "b": ("x", now), "c": ("x", now)}


def test_all_of_it_is_committed_or_nothing(database: Database, now: datetime) -> None:
    with pytest.raises(ZeroDivisionError), database.quick() as quick:
        quick.run(PUT, row("a", now))
        raise ZeroDivisionError
    a_mistake_of_ours = database.engine.dialect.loaded_dbapi.IntegrityError
    with pytest.raises(a_mistake_of_ours), database.quick() as quick:
        quick.run_each(PUT, [row("b", now), row("b", now)])
    assert suppressed(database) == []
    with database.quick() as quick:
        quick.run(PUT, row("c", now))
    assert len(suppressed(database)) == 1


def test_a_writer_that_waits_too_long_is_told(database: Database, now: datetime) -> None:
    with database.quick() as quick:
        quick.run(PUT, row("a", now))
        with (
            pytest.raises(StoreError, match="is locked by another process"),
            database.quick() as other,
        ):
            other.run(PUT, row("a", now))
    assert len(suppressed(database)) == 1


def test_a_number_comes_back_or_none(database: Database, now: datetime) -> None:
    placed = Prepared(
        lambda _: (
            feeds.insert()
            .values(feed=bindparam("f"), error_count=0, entry_count=7, refused=False, place="")
            .returning(feeds.c.entry_count)
        )
    )
    with database.quick() as quick:
        assert quick.number(placed, {"f": "arxiv"}) == 7
        assert quick.number(FIND, {"a": "nobody"}) is None


def test_a_list_of_any_length_is_no_part_of_a_prepared_statement(database: Database) -> None:
    states = select(deliveries.c.delivery_id).where(deliveries.c.state.in_(["sent", "failed"]))
    with pytest.raises(AssertionError, match="a list"):
        Prepared(lambda _: states).sql(database.engine.dialect)

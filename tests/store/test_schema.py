import re
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from digest.models import Subscriber
from digest.store import Store
from digest.store.database import alembic_config, open_database
from digest.store.schema import REVISION, metadata


def test_every_table_and_column_says_what_it_holds() -> None:
    silent = [t.name for t in metadata.tables.values() if not t.comment]
    silent += [f"{t.name}.{c.name}" for t in metadata.tables.values() for c in t.c if not c.comment]
    assert silent == []


def test_migrations_make_exactly_the_schema_of_the_code(empty_url: str) -> None:
    database = open_database(empty_url)
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    database.close()


def test_migrated_tables_are_those_that_the_code_would_create(tmp_path: Path) -> None:
    """Autogenerate does not look at keys that are never given twice, nor at cascades."""
    database = open_database(f"sqlite:///{tmp_path}/digest.db")

    def lines(sql: str) -> list[str]:
        """Return the columns and constraints; a column added later stands after the others."""
        body = sql[sql.index("(") + 1 : sql.rindex(")")]
        return sorted(part.strip() for part in re.split(r",\s+(?![^()]*\))", body))

    with database.reading() as connection:
        for table in metadata.tables.values():
            made = connection.exec_driver_sql(
                "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (table.name,)
            ).scalar_one()
            assert lines(made) == lines(str(CreateTable(table).compile(connection)))
    database.close()


def test_the_newest_migration_is_the_revision_that_opening_expects(empty_url: str) -> None:
    database = open_database(empty_url)
    with database.reading() as connection:
        script = ScriptDirectory.from_config(alembic_config(connection))
        assert script.get_heads() == [REVISION]
    database.close()


def test_migrations_can_be_taken_back_to_an_empty_database(empty_url: str) -> None:
    database = open_database(empty_url)
    with database.writing() as connection:
        command.downgrade(alembic_config(connection), "base")
    with database.reading() as connection:
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
    database.close()
    database = open_database(empty_url)
    with database.reading() as connection:
        assert set(metadata.tables) <= set(inspect(connection).get_table_names())
    database.close()


@pytest.mark.parametrize("name", sorted(metadata.tables))
def test_tables_can_be_made_in_postgresql_too(name: str) -> None:
    sql = str(CreateTable(metadata.tables[name]).compile(dialect=postgresql.dialect()))
    assert sql.strip().startswith(f"CREATE TABLE {name}")


def test_numbers_are_never_given_twice(
    store: Store, subscribe: Callable[[str], Subscriber]
) -> None:
    """Links in old mails carry them."""
    first = subscribe("one@example.org")
    store.people.remove("one@example.org")
    second = subscribe("two@example.org")
    assert second.subscriber_id > first.subscriber_id

"""Statements that run with each mail: made into SQL once, and run by the driver alone.

SQLAlchemy looks at a statement anew each time, and that takes ten times as long as the database
takes to run it. Here it is asked once; values go through the types of their columns as ever.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ClauseElement, Dialect
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.sql.compiler import SQLCompiler

Values = Mapping[str, Any]


class Prepared:
    """A statement with named values, and no list of any length among them.

    Args:
        make: makes it in the words of a dialect.
    """

    def __init__(self, make: Callable[[Dialect], ClauseElement]) -> None:
        self._make = make
        self._known: dict[str, _Sql] = {}

    def sql(self, dialect: Dialect) -> "_Sql":
        """Return it as SQL of a dialect."""
        known = self._known.get(dialect.name)
        if known is None:
            known = self._known[dialect.name] = _compiled(self._make(dialect), dialect)
        return known


class Quick:
    """One transaction, on the driver's own connection.

    Args:
        dialect: of the database.
        cursor: of the connection.
    """

    def __init__(self, dialect: Dialect, cursor: DBAPICursor) -> None:
        self._dialect = dialect
        self._cursor = cursor

    def run(self, statement: Prepared, values: Values) -> int:
        """Run a statement; return how many rows it changed."""
        sql = statement.sql(self._dialect)
        self._cursor.execute(sql.text, sql.taken(values))
        return self._cursor.rowcount

    def run_each(self, statement: Prepared, rows: Sequence[Values]) -> None:
        """Run a statement with each of these values."""
        if rows:
            sql = statement.sql(self._dialect)
            self._cursor.executemany(sql.text, [sql.taken(values) for values in rows])

    def number(self, statement: Prepared, values: Values) -> int | None:
        """Run a statement that returns a number at most; None: it returned none."""
        sql = statement.sql(self._dialect)
        self._cursor.execute(sql.text, sql.taken(values))
        found = self._cursor.fetchall()
        return int(found[0][0]) if found else None


@dataclass(frozen=True, slots=True)
class _Sql:
    """A statement as its driver takes it.

    Attributes:
        text: with the driver's own placeholders.
        fixed: values that stand in the statement itself, by name, as the driver takes them.
        names: of all values, in the order of the placeholders, each with what turns a value
            into what the driver takes.
        counted: the driver counts its placeholders, and does not name them.
    """

    text: str
    fixed: Values
    names: Sequence[tuple[str, Callable[[Any], Any] | None]]
    counted: bool

    def taken(self, values: Values) -> Any:
        """Return the values as the driver takes them."""
        told = {**self.fixed, **values} if self.fixed else values
        taken = [made(told[name]) if made else told[name] for name, made in self.names]
        if self.counted:
            return taken
        return dict(zip((name for name, _ in self.names), taken, strict=True))


def _compiled(statement: ClauseElement, dialect: Dialect) -> _Sql:
    compiled = cast("SQLCompiler", statement.compile(dialect=dialect))
    assert "POSTCOMPILE" not in str(compiled), "a list is made into SQL at each run"
    types = {
        name: made
        for name in compiled.params
        if (made := compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect))
    }
    fixed = {
        name: types.pop(name, _as_it_is)(value)
        for name, value in compiled.params.items()
        if not compiled.binds[name].required
    }
    names = compiled.params if compiled.positiontup is None else compiled.positiontup
    return _Sql(
        str(compiled),
        fixed,
        [(name, types.get(name)) for name in names],
        compiled.positiontup is not None,
    )


def _as_it_is(value: object) -> object:
    return value

"""What tables are made of: their common names, and columns that occur often."""

from typing import Any

from sqlalchemy import JSON, Column, ForeignKey, Integer, MetaData

from digest.store.columns import SafeText, UtcDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def number(name: str, comment: str) -> Column[int]:
    """Return the primary key, which is never given twice."""
    return Column(name, Integer, primary_key=True, autoincrement=True, comment=comment)


def instant(name: str, comment: str, *, nullable: bool = False) -> Column[Any]:
    """Return a column with an instant."""
    return Column(name, UtcDateTime, nullable=nullable, comment=comment)


def text(name: str, comment: str, *, nullable: bool = False) -> Column[str]:
    """Return a column with text of any length."""
    return Column(name, SafeText, nullable=nullable, comment=comment)


def plain(name: str, comment: str, *, nullable: bool = False) -> Column[Any]:
    """Return a column with plain data, kept as JSON."""
    return Column(name, JSON(none_as_null=True), nullable=nullable, comment=comment)


def refers(
    name: str, target: str, comment: str, *, cascade: bool = False, **kwargs: Any
) -> Column[int]:
    """Return a column that refers to another table.

    Args:
        name: of the column.
        target: ``table.column``.
        comment: what it says.
        cascade: whether the row goes when the other one goes.
        kwargs: of the column.
    """
    key = ForeignKey(target, ondelete="CASCADE" if cascade else None)
    kwargs.setdefault("nullable", False)
    return Column(name, Integer, key, comment=comment, **kwargs)

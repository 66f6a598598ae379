"""The kinds of columns and tables that the ledger is made of."""

from datetime import datetime

import sqlalchemy as sa

from countersign.ledger.instants import Instant

metadata = sa.MetaData()


def seq() -> sa.Column[int]:
    """The order of arrival: rows are ordered by it and never by time."""
    return sa.Column("seq", sa.Integer, primary_key=True)


def text(name: str, *, unique: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, unique=unique)


def number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def packed(name: str) -> sa.Column[str]:
    """Canonical JSON."""
    return sa.Column(name, sa.Text, nullable=False, info={"form": "json"})


def flag(name: str) -> sa.Column[int]:
    """0 or 1."""
    return sa.Column(name, sa.Integer, nullable=False, info={"form": "flag"})


def time(name: str) -> sa.Column[datetime]:
    return sa.Column(name, Instant, nullable=False)


def of(name: str, column: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, sa.ForeignKey(column), nullable=False)


def table(name: str, *items: sa.schema.SchemaItem) -> sa.Table:
    return sa.Table(name, metadata, *items, sqlite_strict=True)

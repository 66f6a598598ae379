"""The few kinds of column that the demonstration business's tables are made of."""

from datetime import UTC, datetime
from typing import get_args

import sqlalchemy as sa


class UtcTime(sa.TypeDecorator[datetime]):
    """An aware time in UTC; a naive one is refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive time can't be stored")
        at = value.astimezone(UTC)
        return at.replace(tzinfo=None) if dialect.name == "sqlite" else at

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def one_of(column: str, allowed: object) -> sa.CheckConstraint:
    names = ", ".join(f"'{name}'" for name in get_args(allowed))
    return sa.CheckConstraint(f"{column} IN ({names})", name=f"{column}_known")


def at_least(column: str, least: int = 0) -> sa.CheckConstraint:
    return sa.CheckConstraint(f"{column} >= {least}", name=f"{column}_range")


def text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=null)


def number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False, default=False)


def moment(name: str, *, null: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, UtcTime, nullable=null)


def primary(name: str = "id") -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=True)


def of(name: str, target: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, sa.ForeignKey(target), nullable=null, index=True)


def part_of(name: str, target: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, sa.ForeignKey(target), primary_key=True)


def position() -> sa.Column[int]:
    return sa.Column("position", sa.Integer, primary_key=True, autoincrement=False)

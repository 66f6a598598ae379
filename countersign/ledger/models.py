"""Learnt models: a version is written and put into use in one transaction; the last promotion says which is in use."""

import json
from datetime import datetime

import sqlalchemy as sa

from countersign.domain.errors import RejectedError, StorageError
from countersign.domain.frozen import Json, digest
from countersign.domain.learning import Comparison, LearntModel, Promotion
from countersign.ledger import audit
from countersign.ledger.read import Source, view
from countersign.ledger.rows import Row, pack, texts, values
from countersign.ledger.schema import models, promotions
from countersign.ledger.sql import SqlLedger

REF = "triage"
"""What the audit's rows about models refer to: no ticket."""


def in_use(source: Source) -> int:
    """The version in use: 0 is the model of the desk's own examples."""
    with view(source) as connection:
        return _in_use(connection)


def below(source: Source, version: int) -> int:
    """The newest version before this one; 0 where there is none."""
    with view(source) as connection:
        return connection.scalar(sa.select(sa.func.max(models.c.version)).where(models.c.version < version)) or 0


def find(source: Source, version: int) -> LearntModel:
    """Raises StorageError (`storage.no_model`) where there is no such version."""
    with view(source) as connection:
        row = connection.execute(sa.select(models).where(models.c.version == version)).mappings().first()
    if row is None:
        hint = "countersign triage models lists them"
        raise StorageError(f"there is no version {version} of the triage model", hint=hint, detail="no_model")
    return _model(row)


def every(source: Source) -> tuple[LearntModel, ...]:
    """Every version, oldest first."""
    with view(source) as connection:
        return tuple(_model(row) for row in connection.execute(sa.select(models).order_by(models.c.seq)).mappings())


def history(source: Source) -> tuple[Promotion, ...]:
    """Every time that a version was put into use, oldest first."""
    names = tuple(Promotion.model_fields)
    with view(source) as connection:
        rows = connection.execute(sa.select(promotions).order_by(promotions.c.seq)).mappings()
        return tuple(Promotion(**{name: row[name] for name in names}) for row in rows)


def promote(ledger: SqlLedger, model: LearntModel, before: int) -> int:
    """Writes a version and puts it into use; its number is given here and answered.

    Raises RejectedError (`rejected.superseded`) where another version is in use than the one it was compared with.
    """
    with ledger.file.writing("promote") as connection:
        _require_in_use(connection, before)
        version = (connection.scalar(sa.select(sa.func.max(models.c.version))) or 0) + 1
        fields = dict(model) | {"version": version}
        for name in ("labels", "libraries", "card", "comparison"):
            fields[name] = pack(fields[name])
        connection.execute(models.insert().values(**fields))
        _put_into_use(connection, Promotion(version=version, before=before, act="promote", by=model.by, at=model.at),
                      {"name": model.name, "sha256": model.sha256, "data": model.data})  # fmt: skip
    return version


def roll_back(ledger: SqlLedger, version: int, before: int, by: str, now: datetime) -> None:
    """Puts an earlier version, or 0, into use again. Raises like `promote`."""
    with ledger.file.writing("roll_back") as connection:
        _require_in_use(connection, before)
        _put_into_use(connection, Promotion(version=version, before=before, act="rollback", by=by, at=now), {})


def note_kept_out(ledger: SqlLedger, by: str, comparison: Comparison, now: datetime) -> None:
    """Keeps in the audit that a candidate was no better and was not put into use."""
    body: dict[str, Json] = {"against": list(comparison.against), "comparison": digest(comparison)}
    with ledger.file.writing("note_kept_out") as connection:
        audit.append(connection, now, "model.kept_out", REF, body, actor=by)


def note_refused(ledger: SqlLedger, person: str, code: str, now: datetime) -> None:
    """Keeps in the audit, by digest, that somebody tried to put a model into use, or to label, who may not."""
    with ledger.file.writing("note_refused") as connection:
        audit.append_once(connection, now, "learning.refused", REF, {"person": digest(person), "code": code})


def _in_use(connection: sa.Connection) -> int:
    last = sa.select(promotions.c.version).order_by(promotions.c.seq.desc()).limit(1)
    return connection.scalar(last) or 0


def _require_in_use(connection: sa.Connection, before: int) -> None:
    found = _in_use(connection)
    if found != before:
        text = f"version {found} was put into use meanwhile, not the {before} it was compared with"
        raise RejectedError(text, hint="run it again", detail="superseded")


def _put_into_use(connection: sa.Connection, promotion: Promotion, more: dict[str, Json]) -> None:
    connection.execute(promotions.insert().values(**dict(promotion)))
    event = "model.promoted" if promotion.act == "promote" else "model.rolled_back"
    body: dict[str, Json] = {"version": promotion.version, "before": promotion.before, **more}
    audit.append(connection, promotion.at, event, REF, body, actor=promotion.by)


def _model(row: Row) -> LearntModel:
    names = ("version", "name", "place", "sha256", "data", "examples", "by", "at")
    return LearntModel(
        labels=texts(row["labels"]), libraries=json.loads(row["libraries"]), card=values(row["card"]),
        comparison=Comparison.model_validate_json(row["comparison"]), **{name: row[name] for name in names},
    )  # fmt: skip

"""What was in use when a step read something: kept once for each digest."""

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from countersign.domain.frozen import canonical, digest
from countersign.ledger.file import LedgerFile
from countersign.ledger.schema_parts import parts


def keep_parts(file: LedgerFile, content: Mapping[str, str]) -> str:
    """Keeps what is in use, by name, unless it is known; answers the digest that stands for all of it."""
    name = digest(content)
    with file.reading() as connection:
        if connection.scalar(sa.select(parts.c.seq).where(parts.c.digest == name)):
            return name
    with file.writing("keep_parts") as connection:
        row = {"digest": name, "content": canonical(content)}
        connection.execute(insert(parts).values(**row).on_conflict_do_nothing())
    return name

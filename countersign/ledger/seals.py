"""Seals: what the audit's chain holds in the place of a body, a digest keyed with a secret that can be destroyed.

A ticket belongs to one customer and has a secret of its own. Once that is destroyed, no seal under it can be told from
random bytes, whoever guesses what was sealed; the chain over the seals stays whole.
"""

import hashlib
import hmac
from secrets import token_hex

import sqlalchemy as sa

from countersign.ledger.schema_erasure import secrets


def give_secret(connection: sa.Connection, ref: str) -> None:
    """Makes the secret under which all that the audit says about a ticket, or an item in quarantine, is sealed."""
    connection.execute(secrets.insert().values(ref=ref, secret=token_hex(32)))


def secret_of(connection: sa.Connection, ref: str) -> str:
    """The secret in hex; empty where there is none: what refers to no customer, and what was erased."""
    return connection.scalar(sa.select(secrets.c.secret).where(secrets.c.ref == ref)) or ""


def seal(secret: str, body: str) -> str:
    """HMAC-SHA256, in hex, of a body under a secret in hex; lone surrogates are replaced."""
    return hmac.new(bytes.fromhex(secret), body.encode("utf-8", "replace"), hashlib.sha256).hexdigest()

"""People's tokens: shown once, kept as hashes in one private file under `var`."""

import hashlib
import hmac
import json
import os
import secrets
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from countersign.domain.errors import RejectedError, StorageError

_PREFIX = "cst_"
"""Lets a scanner for leaked secrets recognise one."""
_FILE = TypeAdapter(dict[str, dict[str, str]])


class Tokens:
    """The tokens in `tokens.toml` of a folder; one for each person, and read anew each time it is asked for."""

    def __init__(self, var: Path) -> None:
        self._path = var / "tokens.toml"

    def issue(self, person: str) -> str:
        """A new token for a person, in the place of the one they had. It can't be shown a second time.

        256 random bits need no slow hash: nobody can try them all.
        """
        token = _PREFIX + secrets.token_urlsafe(32)
        self._write(self._read() | {person: _hash(token)})
        return token

    def revoke(self, person: str) -> None:
        """Makes a person's token worthless. Raises RejectedError `rejected.no_token` where they have none."""
        kept = self._read()
        if kept.pop(person, None) is None:
            raise RejectedError("they have no token", where=person, detail="no_token")
        self._write(kept)

    def person(self, token: str) -> str | None:
        """Whose token it is; every one is compared, each in constant time, so that time tells nothing."""
        offered, found = _hash(token), None
        for person, kept in self._read().items():
            if hmac.compare_digest(kept, offered):
                found = person
        return found

    def _read(self) -> dict[str, str]:
        try:
            tables = _FILE.validate_python(tomllib.loads(self._path.read_text("utf-8")))
            return {person: table["sha256"] for person, table in tables.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, ValidationError) as error:
            hint = "delete the file and make new tokens with `countersign token PERSON`"
            raise StorageError("can't be read", where=str(self._path), hint=hint, detail="tokens") from error

    def _write(self, tokens: Mapping[str, str]) -> None:
        """In one step, so that a reader never sees half a file; nobody else on the machine may read it."""
        text = "".join(f'[{json.dumps(person)}]\nsha256 = "{kept}"\n' for person, kept in sorted(tokens.items()))
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = self._path.with_name(f"tokens.{secrets.token_hex(8)}.new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        new.replace(self._path)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()

"""Tokens: shown once, kept as hashes, worth nothing when replaced."""

import stat
from pathlib import Path

import pytest

from countersign.domain.errors import RejectedError, StorageError
from countersign.server.tokens import Tokens


def test_token_opens_for_its_person_alone(tmp_path: Path) -> None:
    """Each token is its own person's; a piece of one, an empty one or a hash is nobody's."""
    tokens = Tokens(tmp_path)
    maria, ines = tokens.issue("maria"), tokens.issue("ines")
    assert (tokens.person(maria), tokens.person(ines)) == ("maria", "ines")
    kept = (tmp_path / "tokens.toml").read_text()
    for wrong in ("", maria[:-1], maria + "x", "maria", kept.split('"')[3]):
        assert tokens.person(wrong) is None


def test_file_holds_no_token_and_is_private(tmp_path: Path) -> None:
    """Who reads the file can't sign in, and nobody else on the machine reads it."""
    token = Tokens(tmp_path).issue("maria")
    file = tmp_path / "tokens.toml"
    assert token not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["tokens.toml"]


def test_new_token_takes_the_place_of_the_old(tmp_path: Path) -> None:
    """One token for each person; a revoked one is worth nothing, and revoking twice is told."""
    tokens = Tokens(tmp_path)
    old, new = tokens.issue("maria"), tokens.issue("maria")
    assert (tokens.person(old), tokens.person(new)) == (None, "maria")
    tokens.revoke("maria")
    assert tokens.person(new) is None
    with pytest.raises(RejectedError, match="no token"):
        tokens.revoke("maria")


@pytest.mark.parametrize("text", ["[maria", '[maria]\nsha1 = "x"', "maria = 1", "[maria]\nsha256 = 1"])
def test_broken_file_lets_nobody_in(tmp_path: Path, text: str) -> None:
    """A file that can't be read is an error with the next step, never an open door."""
    (tmp_path / "tokens.toml").write_text(text)
    with pytest.raises(StorageError, match="countersign token"):
        Tokens(tmp_path).person("")

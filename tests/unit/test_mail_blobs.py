"""Blobs: content by its hash, whole or not at all, for the owner alone."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from countersign.adapters.blobs import FolderBlobs
from countersign.domain.errors import StorageError


def test_what_is_put_can_be_got(tmp_path: Path) -> None:
    """The name is the SHA-256 of the content, and putting it again changes nothing."""
    blobs = FolderBlobs(tmp_path / "blobs")
    name = blobs.put(b"content")
    assert name == hashlib.sha256(b"content").hexdigest()
    assert blobs.put(b"content") == name
    assert blobs.get(name) == b"content"


def test_files_are_for_the_owner_alone(tmp_path: Path) -> None:
    """Neither a file nor its folder can be read by others."""
    FolderBlobs(tmp_path / "blobs").put(b"content")
    modes = {path.is_dir(): path.stat().st_mode & 0o777 for path in (tmp_path / "blobs").rglob("*")}
    assert modes == {True: 0o700, False: 0o600}


def test_a_damaged_blob_is_an_error_and_put_mends_it(tmp_path: Path) -> None:
    """Content that does not match its name is never handed out."""
    blobs = FolderBlobs(tmp_path)
    name = blobs.put(b"content")
    (tmp_path / name[:2] / name).write_bytes(b"other")
    with pytest.raises(StorageError, match="does not match"):
        blobs.get(name)
    blobs.put(b"content")
    assert blobs.get(name) == b"content"


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "A" * 64, "0" * 63, "0" * 64 + "\n", "٣" * 64])
def test_a_name_that_is_no_hash_is_refused(tmp_path: Path, name: str) -> None:
    """No path can be smuggled in as a name."""
    with pytest.raises(StorageError, match="not the name of a blob"):
        FolderBlobs(tmp_path).get(name)


def test_a_missing_blob_is_an_error(tmp_path: Path) -> None:
    """The error names the file."""
    with pytest.raises(StorageError) as caught:
        FolderBlobs(tmp_path).get("0" * 64)
    assert caught.value.full_code == "storage.blob"


def test_a_folder_that_can_not_be_written_is_an_error(tmp_path: Path) -> None:
    """A file where the folder should be is said, without a traceback."""
    (tmp_path / "blobs").write_bytes(b"")
    with pytest.raises(StorageError, match="can't be written"):
        FolderBlobs(tmp_path / "blobs").put(b"content")


def test_many_may_put_the_same(tmp_path: Path) -> None:
    """Writers at the same moment end with one whole file and no left-overs."""
    blobs = FolderBlobs(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        names = set(pool.map(blobs.put, [b"x" * 100_000] * 32))
    assert len(names) == 1
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == list(names)

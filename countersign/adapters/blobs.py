"""Bytes by content hash, one file each: the raw mail and its attachments."""

import contextlib
import hashlib
import os
import re
import tempfile
from pathlib import Path

from countersign.domain.errors import StorageError

_NAME = re.compile(r"[0-9a-f]{64}", re.ASCII)


class FolderBlobs:
    """Keeps bytes under the SHA-256 of their content. Names never come from outside; files are for the owner alone.

    Safe to use from several threads and processes: a file appears complete or not at all.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, data: bytes) -> str:
        """Stores the bytes and returns their name; storing the same bytes again changes nothing.

        Raises StorageError where the folder can't be written.
        """
        name = hashlib.sha256(data).hexdigest()
        path = self._path(name)
        try:
            if not _holds(path, data):
                _write(path, data)
        except OSError as error:
            raise StorageError(f"can't be written ({error.strerror})", where=str(path.parent), detail="blob") from error
        return name

    def get(self, blob: str) -> bytes:
        """Returns the bytes of a name. Raises StorageError where they are missing or do not match it."""
        path = self._path(blob)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise StorageError(f"can't be read ({error.strerror})", where=str(path), detail="blob") from error
        if hashlib.sha256(data).hexdigest() != blob:
            raise StorageError("its content does not match its name", where=str(path), detail="blob")
        return data

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise StorageError("not the name of a blob: 64 hexadecimal digits", where=str(self._folder), detail="blob")
        return self._folder / name[:2] / name


def _holds(path: Path, data: bytes) -> bool:
    """Whether the file is there and whole; one that was damaged is written again."""
    try:
        return path.read_bytes() == data
    except FileNotFoundError:
        return False


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise

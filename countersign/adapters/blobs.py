"""Bytes by content hash, one file each: the raw mail and its attachments."""

import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import Collection
from pathlib import Path

from countersign.domain.errors import StorageError
from countersign.domain.retention import Swept

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

    def sweep(self, needed: Collection[str], before: float, *, dry_run: bool = False) -> Swept:
        """Deletes what is not needed and was last put before then (seconds since 1970), and what a crash left half.

        Bytes that somebody puts meanwhile stay: putting what is there renews its time.
        """
        wanted = frozenset(needed)
        unwanted = (path for path in self._folder.glob("??/*") if path.name not in wanted)
        old = [path for path in unwanted if path.stat().st_mtime < before]
        sizes = [path.stat().st_size if dry_run else _delete(path, before) for path in old]
        gone = [size for size in sizes if size is not None]
        return Swept(files=len(gone), bytes=sum(gone))

    def put_before(self, time: float) -> tuple[str, ...]:
        """The names of what was last put before then (seconds since 1970)."""
        found = (path for path in sorted(self._folder.glob("??/*")) if _NAME.fullmatch(path.name))
        return tuple(path.name for path in found if path.stat().st_mtime < time)

    def forget(self, blobs: Collection[str], *, dry_run: bool = False) -> Swept:
        """Deletes the bytes of these names, where they are there, however young."""
        named = [self._path(name) for name in sorted(set(blobs)) if _NAME.fullmatch(name)]
        paths = [path for path in named if path.exists()]
        sizes = [path.stat().st_size for path in paths]
        for path in () if dry_run else paths:
            path.unlink(missing_ok=True)
        return Swept(files=len(paths), bytes=sum(sizes))

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise StorageError("not the name of a blob: 64 hexadecimal digits", where=str(self._folder), detail="blob")
        return self._folder / name[:2] / name


def _holds(path: Path, data: bytes) -> bool:
    """Whether the file is there and whole; one that was damaged is written again. Its time is that of the last put."""
    try:
        os.utime(path)
        return path.read_bytes() == data
    except FileNotFoundError:
        return False


def _delete(path: Path, before: float) -> int | None:
    """Deletes a file and answers its bytes; None where somebody else had it, or put it again in this moment.

    It is taken aside first: whoever puts it from then on finds none, and writes it anew.
    """
    aside = path.with_name(f".{path.name.lstrip('.')}.gone")
    try:
        path.replace(aside)
        found = aside.stat()
        if found.st_mtime >= before:
            aside.replace(path)
            return None
        aside.unlink()
    except FileNotFoundError:
        return None
    return found.st_size


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

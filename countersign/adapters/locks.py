"""One process at a time for a ticket: file locks, which the system releases when a process dies."""

import fcntl
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


class TicketLocks:
    """Locks in a folder, a file for each ticket: they spare work done twice; the ledger is right without them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def held(self, ticket_id: str) -> Generator[bool]:
        """Whether this caller has the ticket for the length of the block; False where another has it now."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self._folder / f"{ticket_id}.lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                try:
                    yield True
                finally:
                    # Closing is not enough: a process that another thread is just starting has a copy of the file.
                    fcntl.flock(file, fcntl.LOCK_UN)

"""One process at a time for a ticket: file locks, which the system releases when a process dies."""

import fcntl
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from countersign.domain.errors import RejectedError

PATIENCE = 180.0
"""Seconds: longer than an action's time and a lookup after it."""
_PAUSE = 0.005


class TicketLocks:
    """Locks in a folder, a file for each ticket."""

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

    @contextmanager
    def alone(self, ticket_id: str) -> Generator[None]:
        """The ticket for the length of the block, once whoever has it is done.

        Raises RejectedError (`rejected.busy`) where that takes too long.
        """
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with self.held(ticket_id) as ours:
                if ours:
                    yield
                    return
            time.sleep(_PAUSE)
        raise RejectedError("another process is running it", where=ticket_id, hint="try again", detail="busy")

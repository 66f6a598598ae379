"""What is forgotten with age, and what that came to."""

from datetime import datetime

from countersign.domain.frozen import Frozen


class Pruned(Frozen):
    """A ticket's thread is at its last checkpoint, and the journals of this turn and of those before it are gone."""

    ticket: str
    turn: int
    at: datetime


class Swept(Frozen):
    """Files of mail that were deleted, and their bytes."""

    files: int = 0
    bytes: int = 0


class Freed(Frozen):
    """What a retention came to, or would come to."""

    before: datetime
    """What ended before then was due."""
    tickets: int = 0
    checkpoints: int = 0
    answers: int = 0
    """Rows of the journal."""
    mail: Swept = Swept()
    """Raw mail and attachments that no ticket needs any more."""
    disk: dict[str, int] = {}
    """By file, the bytes that it became shorter by; of one that grew meanwhile, less than nothing."""
    kept: int = 0
    """Tickets that are marked keep."""
    busy: int = 0
    """Tickets that another process had: the next retention finds them."""
    damaged: int = 0
    """Threads that can't be read; they were left as they are."""
    dry_run: bool = False
    interrupted: bool = False

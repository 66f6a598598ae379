"""What is erased of one customer, and what that came to. Nothing here names the customer."""

from countersign.domain.frozen import Frozen
from countersign.domain.retention import Swept


class Erased(Frozen):
    """What an erasure destroyed, or would destroy, and what it can't reach."""

    tickets: tuple[str, ...] = ()
    quarantined: int = 0
    """Items that could not become a ticket."""
    rows: int = 0
    """Rows of the ledger, journals included."""
    threads: int = 0
    """Threads with all their checkpoints, copies included."""
    mail: Swept = Swept()
    """Raw mail, parsed texts and attachments that nobody else's ticket needs."""
    sent: int = 0
    """Copies of replies in the outbox."""
    cassettes: int = 0
    """Recorded answers of models, in the folders that were named."""
    labels: int = 0
    """People's labels, whose texts are destroyed."""
    retrain: tuple[int, ...] = ()
    """Versions of the triage model that learnt from those labels: their files are destroyed."""
    in_use: int | None = None
    """The version that was put into use because the one before was destroyed; None where that stayed."""
    unknown: tuple[str, ...] = ()
    """Effects whose outcome nobody will ever know, because a person said so."""
    others: tuple[str, ...] = ()
    """Tickets of other people in which this customer is mentioned: they are left as they are."""
    left: tuple[str, ...] = ()
    """Files that still hold something of the customer's: of other people's tickets, or the desk's own."""
    dry_run: bool = False

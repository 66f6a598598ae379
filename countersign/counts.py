"""What a turn asks about other tickets: parts of `countersign.ports` whose answers the journal keeps."""

from datetime import datetime
from typing import Protocol

from countersign.domain.perception import PastTicket


class Counts(Protocol):
    """What the ledger knows of other tickets. A node that runs again is told the same, as of all that it reads."""

    def other_tickets(self, sender: str, ticket_id: str, since: datetime) -> int:
        """How many other tickets the sender opened since then."""
        ...

    def replies_since(self, address: str, since: datetime) -> int:
        """How many replies went to an address since then."""
        ...

    def effects_on(self, kind: str, target: str) -> int:
        """How many effects of that kind the target has seen (started, done or unknown), from any ticket."""
        ...

    def open_elsewhere(self, kind: str, target: str, ticket_id: str) -> int:
        """How many proposals of that kind for that target are open in other tickets."""
        ...


class History(Protocol):
    """What the desk did for a customer before."""

    def tickets_of(self, customer: str, ticket_id: str, limit: int = 5) -> tuple[PastTicket, ...]:
        """The customer's other tickets, latest first."""
        ...

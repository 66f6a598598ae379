"""The thread of a ticket: an id that every process can work out by itself."""

from uuid import UUID, uuid5

NAMESPACE = UUID("6f0f2a7e-3c52-5d0b-9a44-0c1d2b7f5e81")
"""This project's namespace. It is a storage format: another value loses every thread that exists."""

MOST_STEPS = 100
"""Graph steps a turn may take: the longest road, with a revision, has two dozen nodes, and at most a dozen effects."""


def thread_id(ticket_id: str) -> str:
    """The id of the thread that belongs to a ticket: a UUID, the same in every process and on every day."""
    return str(uuid5(NAMESPACE, ticket_id))

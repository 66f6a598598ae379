"""The server's rows of threads. They live in its memory alone, so they are made again whenever they are missing."""

_made: set[str] = set()


async def ensure_row(thread: str, ticket: str) -> None:
    """A row for a ticket's thread; one that is there is left alone."""
    if thread in _made:
        return
    from langgraph_sdk import get_client

    client = get_client()
    metadata = {"ticket": ticket}
    await client.threads.create(thread_id=thread, graph_id="support", metadata=metadata, if_exists="do_nothing")
    _made.add(thread)

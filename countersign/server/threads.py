"""The checkpointer that the server uses: the same file, the same allow-list as the command line."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from checkpoints.strict import enable_strict, require_strict
from countersign.domain.state import STATE_TYPES
from countersign.settings import read_settings

if TYPE_CHECKING:
    from checkpoints.saver import ThreadSaver

enable_strict()


@asynccontextmanager
async def checkpointer() -> "AsyncGenerator[ThreadSaver]":
    """A saver over the file of threads, opened and closed off the event loop."""
    from checkpoints.saver import ThreadSaver
    from checkpoints.serializer import serializer

    require_strict()
    settings = await asyncio.to_thread(read_settings)
    await asyncio.to_thread(settings.var.mkdir, 0o700, True, True)
    async with await asyncio.to_thread(ThreadSaver, settings.checkpoint_file, serde=serializer(STATE_TYPES)) as saver:
        yield saver

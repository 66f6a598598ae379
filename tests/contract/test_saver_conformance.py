"""The library's own contract for savers, in full, on our saver over a real file."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from langgraph.checkpoint.conformance import (  # pyright: ignore[reportMissingTypeStubs] - it has none
    checkpointer_test,
    validate,
)
from langgraph.checkpoint.conformance.capabilities import (  # pyright: ignore[reportMissingTypeStubs] - it has none
    Capability,
)

from checkpoints.saver import ThreadSaver
from checkpoints.serializer import serializer


@pytest.mark.parametrize("capability", [each.value for each in Capability])
async def test_the_saver_keeps_the_librarys_contract(capability: str, tmp_path: Path) -> None:
    """Every capability, the extended ones included, is there and passes all of its tests."""

    @checkpointer_test(name="ThreadSaver")
    async def fresh() -> AsyncGenerator[ThreadSaver, None]:
        async with ThreadSaver(tmp_path / "threads.db", serde=serializer([])) as saver:
            yield saver

    report = await validate(fresh, capabilities={capability})
    result = report.results[capability]
    assert result.failures in ([], None)
    assert result.passed is True
    assert (result.tests_passed or 0) > 0

"""Locks of tickets: held by one, waited for by others, free when their holder is dead."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from countersign.adapters import locks
from countersign.adapters.locks import TicketLocks
from countersign.domain.errors import RejectedError


def test_one_has_it_and_the_next_waits(tmp_path: Path) -> None:
    """Whoever wants it alone gets it when the other is done; another ticket is free all the while."""
    own = TicketLocks(tmp_path)

    def want(ticket: str) -> str:
        with own.alone(ticket):
            return ticket

    with ThreadPoolExecutor(1) as pool:
        with own.held("CS-1001") as ours:
            assert ours
            assert want("CS-1002")
            wanted = pool.submit(want, "CS-1001")
            assert not wait([wanted], timeout=0.1).done
        assert wanted.result(30) == "CS-1001"


def test_who_never_lets_go_is_named_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for ever."""
    monkeypatch.setattr(locks, "PATIENCE", 0.05)
    own = TicketLocks(tmp_path)
    with own.held("CS-1001"), pytest.raises(RejectedError, match="CS-1001") as refused, own.alone("CS-1001"):
        pass
    assert refused.value.full_code == "rejected.busy"


def test_a_dead_holder_holds_nothing(tmp_path: Path) -> None:
    """The system frees what a killed process had."""
    own = TicketLocks(tmp_path)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        with own.alone("CS-1001"):
            os.write(write, b"+")
            signal.pause()
    os.read(read, 1)
    with own.held("CS-1001") as ours:
        assert not ours
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with own.alone("CS-1001"):
        pass

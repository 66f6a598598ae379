"""Bytes on disk: an open ticket, a finished one before and after retention, and a thread that grows."""

import os
from pathlib import Path

from bench.measured import Measured, Say
from bench.world import conversation, fresh, questions
from checkpoints.saver import ThreadSaver
from countersign.runtime import Runtime

_YEAR = 365 * 86_400


def measure(prepared: Path, folder: Path, tickets: int, say: Say) -> list[Measured]:
    """Bytes a ticket: in the thread's file, in the ledger, in mail by length, and all of it by blocks of the disk."""
    with fresh(prepared, folder / "open", copilot=True) as runtime:
        found = _grown(runtime, tickets, "open", say)
    with fresh(prepared, folder / "finished") as runtime:
        empty = _sizes(runtime)
        found += _grown(runtime, tickets, "finished", say)
        _age(runtime.settings.var / "blobs")
        runtime.retain(0)
        return found + _difference("retained", empty, _sizes(runtime), tickets)


def _grown(runtime: Runtime, tickets: int, name: str, say: Say) -> list[Measured]:
    empty = _sizes(runtime)
    for number, ref in enumerate(questions(runtime, tickets), 1):
        runtime.handle(ref.id)
        if number % 50 == 0:
            say(f"disk: {number} of {tickets} {name} tickets")
    return _difference(name, empty, _sizes(runtime), tickets)


def _sizes(runtime: Runtime) -> dict[str, int]:
    """After the logs went into their files."""
    runtime.saver.give_back()
    runtime.ledger.file.give_back()
    var = runtime.settings.var
    blobs = [path.stat() for path in (var / "blobs").rglob("*") if path.is_file()]
    files = {"thread": var / "checkpoints.db", "ledger": var / "ledger.db"}
    lengths = {name: path.stat().st_size for name, path in files.items()}
    mail = sum(found.st_size for found in blobs)
    blocks = sum(lengths.values()) + sum(512 * found.st_blocks for found in blobs)
    return lengths | {"mail": mail, "all": sum(lengths.values()) + mail, "blocks": blocks}


def _difference(name: str, empty: dict[str, int], full: dict[str, int], tickets: int) -> list[Measured]:
    return [Measured(f"disk/{name}/{part}", ((full[part] - empty[part]) / tickets,)) for part in empty]


def _age(blobs: Path) -> None:
    """Makes the mail a year older, as retention sees it."""
    for path in blobs.rglob("*"):
        if path.is_file():
            old = path.stat().st_mtime - _YEAR
            os.utime(path, (old, old))


def measure_growth(prepared: Path, folder: Path, turns: tuple[int, ...], say: Say) -> list[Measured]:
    """Bytes of one thread after so many turns: a ticket's, and a conversation whose messages are the state."""
    return _ticket_growth(prepared, folder, turns, say) + _talk_growth(folder, turns, say)


def _ticket_growth(prepared: Path, folder: Path, turns: tuple[int, ...], say: Say) -> list[Measured]:
    found: list[Measured] = []
    with fresh(prepared, folder / "long") as runtime:
        empty = _sizes(runtime)
        for number, ref in enumerate(conversation(runtime, turns[-1]), 1):
            runtime.handle(ref.id)
            if number % 100 == 0:
                say(f"growth: {number} of {turns[-1]} turns of a ticket")
            if number in turns:
                full = _sizes(runtime)
                found += [
                    Measured(f"growth/{number}/{part}", (float(full[part] - empty[part]),))
                    for part in ("thread", "ledger")
                ]
    return found


def _talk_growth(folder: Path, turns: tuple[int, ...], say: Say) -> list[Measured]:
    """Two lines of 216 characters a turn, kept in the state: the trial that a state of messages is judged by."""
    from bench.talk import talk

    say("growth: a conversation")
    path, found = folder / "talk.db", list[Measured]()
    saver: ThreadSaver
    for number, saver in talk(path, turns[-1]):
        if number in turns:
            saver.give_back()
            found.append(Measured(f"talk/{number}/thread", (float(path.stat().st_size),)))
    return found

"""Cassettes at the command line: answers of models written into a folder, and told from it."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from countersign.cli.app import EXIT_FAILED

if TYPE_CHECKING:
    from countersign.runtime import Runtime

_MOST_SHOWN = 10


def export(runtime: "Runtime", tickets: Iterable[str], folder: Path) -> int:
    """Writes what the journal holds of models for some tickets into a folder, and answers how many exchanges."""
    from countersign.domain.exchange import Kept
    from countersign.ledger.calls import SqlCalls
    from countersign.llm.cassette import Recording, Seats, write_cassette

    models = runtime.deps.models
    seats = Seats(small=models.engine("small"), large=models.engine("large"))
    recordings = (
        Recording(method=method, where=where, kept=Kept.model_validate_json(answer))
        for where, method, answer in SqlCalls(runtime.ledger).exchanges(tickets)
    )
    return write_cassette(folder, seats, recordings)


def misses(runtime: "Runtime") -> tuple[str, ...]:
    """What was asked on a replay and stood on no cassette, each with the part of the request that has changed."""
    from countersign.llm.models import SeatedModels

    models = runtime.deps.models
    cassette = models.parts.cassette if isinstance(models, SeatedModels) else None
    return tuple(cassette.misses) if cassette else ()


def exit_by_misses(missed: tuple[str, ...]) -> None:
    """Says what the cassette lacked, and ends the command; nothing where it lacked nothing."""
    from countersign.cli.style import line

    for text in missed[:_MOST_SHOWN]:
        typer.echo(f"countersign: {line(text)} [replay.model]", err=True)
    if len(missed) > _MOST_SHOWN:
        typer.echo(f"countersign: {len(missed) - _MOST_SHOWN} more [replay.model]", err=True)
    if missed:
        raise typer.Exit(EXIT_FAILED)

"""A desk with few examples, so that learning takes a moment; what is asked of it, and what people say it was."""

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from countersign.domain.frozen import digest
from countersign.domain.ticket import Ticket
from countersign.intake import take
from countersign.ports import Clock
from countersign.runtime import OnPoint, Runtime, open_runtime
from countersign.settings import Settings
from tests.messages import message

ROOT = Path(__file__).resolve().parents[2]
REQUESTS = ("cancel_order", "double_charge", "return_item", "where_is_my_order", "none")
EACH = 40
"""Examples of each request."""
MAYA = "maya.ellingham@example.org"
NEW_WORDS = (
    "Your direct debit was collected on Monday, and the same direct debit again on Tuesday.",
    "The direct debit for my lamp has been collected from my giro account again.",
    "My giro account shows your direct debit collected both on the 3rd and on the 4th.",
    "Why was a direct debit collected from my giro account again, after I had settled it?",
    "A direct debit that you had collected already has been collected from us again.",
    "Somebody at yours collected the direct debit again, my giro account is overdrawn now.",
)
"""Double charges in words that no example has."""


def small_desk(folder: Path) -> Path:
    """The demonstration desk with a few examples of a few requests, and the loose target that so few can keep."""
    desk = Path(shutil.copytree(ROOT / "desk", folder / "desk", ignore=shutil.ignore_patterns("mail")))
    for path in (desk / "examples").glob("*.jsonl"):
        lines = path.read_text().splitlines()[:EACH] if path.stem in REQUESTS else []
        path.write_text("".join(f"{line}\n" for line in lines))
    settings = desk / "desk.toml"
    text = settings.read_text().replace(
        "target_error = 0.05\nconfidence = 0.99", "target_error = 0.2\nconfidence = 0.5"
    )
    assert "target_error = 0.2" in text
    settings.write_text(text)
    return desk


@contextmanager
def taught(var: Path, desk: Path, clock: Clock, on_point: OnPoint | None = None) -> Generator[Runtime]:
    """The small desk, open."""
    with open_runtime(Settings(var=var, desk=desk), clock=clock, on_point=on_point) as runtime:
        yield runtime


def deliver(runtime: Runtime, text: str, sender: str = MAYA) -> Ticket:
    """One message, to the end of its turn."""
    return runtime.handle(take(message(digest(text)[:16], sender, "", text), runtime.deps).ticket)


def label_all(runtime: Runtime, request: str, texts: tuple[str, ...] = NEW_WORDS, by: str = "maria") -> list[str]:
    """Delivers the texts and labels them; answers their tickets."""
    tickets = [deliver(runtime, text).id for text in texts]
    for ticket in tickets:
        runtime.triage.label(ticket, request, by=by)
    return tickets

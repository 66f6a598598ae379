"""Writes the archive of databases in this folder anew: a dozen tickets that stand in every way a ticket can.

    python -m tests.golden.make

They stay as the version that wrote them left them. Run it again only where a release ends, or where what was never
released has changed.
"""

import os
import tarfile
import tempfile
from pathlib import Path

os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")

from checkpoints.thread import thread_id
from countersign.adapters.mail import read_sources
from countersign.batch import Batch
from countersign.domain.review import Approve, Edit, EditedProposal, OwnAnswer, Reject, Reply
from countersign.domain.ticket import Ticket
from countersign.intake import take
from countersign.review import answer, expire, reopen, shown
from countersign.runtime import Runtime, open_runtime
from countersign.settings import Settings
from tests.conftest import SteppingClock
from tests.messages import message

HERE = Path(__file__).resolve().parent
MAIL = HERE.parents[1] / "desk" / "mail"
ARCHIVE = HERE / "databases.tar.xz"
FILES = ("ledger.db", "ledger.db.anchor", "checkpoints.db", "blobs")
ENDS = {
    "answered": "answered", "refunded": "answered", "two turns": "answered", "handed over": "handed_over",
    "automatic": "closed", "approved": "answered", "edited": "answered", "rejected": "handed_over",
    "answered late": "answered", "reopened": "handed_over", "thread lost": "answered", "killed": "answered",
    "expired": "handed_over", "waiting": "waiting", "written again": "waiting", "not begun": "received",
}  # fmt: skip
"""What each ticket is there for, in the order of their numbers from CS-1001, and how it stands."""


class KilledError(BaseException):
    """The process is gone."""


def number(what: str) -> str:
    """The ticket that is there for that."""
    return f"CS-{1001 + list(ENDS).index(what)}"


def fill(var: Path, clock: SteppingClock) -> None:
    """Handles the tickets, one after the other, in a var folder with a shop and a triage model."""
    settings = Settings(var=var)
    with open_runtime(settings, clock=clock) as runtime:
        for numbers in ("001", "019", "012 013", "107", "133"):
            _mail(runtime, *numbers.split())
        _say(runtime, _mail(runtime, "100"), Approve(note="The carrier confirms the loss."))
        _edit(runtime, _mail(runtime, "049"))
        _say(runtime, _mail(runtime, "039"), Reject(reason="Not before we have seen it."))
        _say(runtime, _mail(runtime, "108"), OwnAnswer(text="I am sorry to hear that, and I will call you today."))
        reopen(runtime, _mail(runtime, "109"), "ines", "The press office wants an answer.")
        _lose_thread(runtime, _mail(runtime, "101"))
    _kill(settings, clock)
    with open_runtime(settings, clock=clock) as runtime:
        Batch(runtime).resume()
        late = _mail(runtime, "037")
        clock.move(days=10)
        assert expire(runtime, clock.now()) == (late,)
        _mail(runtime, "020")
        _write_again(runtime, _mail(runtime, "068"))
        take(message("last", "nobody@example.org", "Hello", "Is anybody there?"), runtime.deps)


def stands(runtime: Runtime) -> dict[str, str]:
    """How each ticket stands, by what it is there for."""
    return {what: runtime.ticket(number(what)).status for what in ENDS}


def _mail(runtime: Runtime, *numbers: str) -> str:
    """Messages of the sample mailbox; their last one's ticket."""
    names = [str(next(MAIL.glob(f"{one}-*.eml"))) for one in numbers]
    batch = Batch(runtime)
    batch.run(read_sources(names, runtime.deps.blobs, runtime.deps.desk.settings.mail, open(os.devnull, "rb")))  # noqa: PTH123, SIM115  nothing is read from it
    return batch.taken[-1].ticket


def _say(runtime: Runtime, ticket: str, reply: Reply) -> Ticket:
    return answer(runtime, ticket, reply, "ines", shown(runtime, ticket).digest)


def _edit(runtime: Runtime, ticket: str) -> None:
    """Ines gives back half, and says so; then she approves what the policy asks about once more, if it does."""
    asked = shown(runtime, ticket)
    refund = asked.proposals[0]
    body = "Dear customer,\n\nWe have refunded 124.50 € to begin with.\n\nBest wishes\nFernhill & Co"
    half = EditedProposal(kind=refund.kind, target=refund.target, args=refund.args | {"amount": 12450})
    if _say(runtime, ticket, Edit(proposals=(half,), body=body)).status == "waiting":
        _say(runtime, ticket, Approve())


def _lose_thread(runtime: Runtime, ticket: str) -> None:
    """The thread is gone while the question is open, and the turn runs again from the inbox."""
    runtime.saver.delete_thread(thread_id(ticket))
    Batch(runtime).resume(ticket)
    _say(runtime, ticket, Approve())


def _kill(settings: Settings, clock: SteppingClock) -> None:
    """The process ends between an effect and its receipt."""

    def killed(point: str) -> None:
        if point == "before settle":
            raise KilledError

    try:
        with open_runtime(settings, clock=clock, on_point=killed) as runtime:
            _mail(runtime, "036")
    except KilledError:
        return
    raise AssertionError("nothing was killed")


def _write_again(runtime: Runtime, ticket: str) -> None:
    """The customer writes once more while a person is asked."""
    first = runtime.ticket(ticket)
    text = "One more time: please close my account. I have thought about it and want it closed."
    taken = take(message("again", first.sender, f"Re: {first.subject} [{ticket}]", text), runtime.deps)
    runtime.handle(taken.ticket)


def unpack(var: Path) -> None:
    """Puts the databases and the messages into a var folder, as that version left them."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(var, filter="data")


def main() -> None:
    """Writes the archive."""
    with tempfile.TemporaryDirectory() as folder:
        var, clock = Path(folder) / "var", SteppingClock()
        fill(var, clock)
        with open_runtime(Settings(var=var), clock=clock) as runtime:
            assert stands(runtime) == ENDS, stands(runtime)
        with tarfile.open(ARCHIVE, "w:xz") as archive:
            for name in FILES:
                archive.add(var / name, name)


if __name__ == "__main__":
    main()

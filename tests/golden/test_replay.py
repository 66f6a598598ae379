"""Replays name what has changed since: one test for each kind of thing; and they leave everything as it is."""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from countersign.adapters.shop import open_shop
from countersign.cli import replay as command
from countersign.compose import todays_parts
from countersign.display.html import page
from countersign.domain.errors import DeskError
from countersign.domain.plan import Plan
from countersign.domain.state import TicketState, Update
from countersign.ports import Deps
from countersign.replay.found import Replayed
from countersign.replay.replayer import Replayer
from countersign.replaying import open_replayer, read_history
from countersign.runtime import open_runtime
from countersign.settings import Settings, demonstration_desk
from graphs.catalog import NODES
from nodes.reason.playbooks.case import Case, handlers
from tests.cli.command import ROOT, countersign, one_line
from tests.conftest import SteppingClock
from tests.golden.make import ENDS, number

ANSWERED, REFUNDED, APPROVED, WAITING = map(number, ("answered", "killed", "approved", "waiting"))


@pytest.fixture(scope="module")
def other_desk(golden: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str, str], Replayed]:
    """What replaying a ticket comes to after one text in one file of the desk was replaced."""

    def changed(ticket: str, file: str, change: str) -> Replayed:
        folder = tmp_path_factory.mktemp("desk") / "desk"
        shutil.copytree(demonstration_desk(), folder, ignore=shutil.ignore_patterns("mail"))
        before, _, after = change.partition(" => ")
        text = (folder / file).read_text()
        assert before in text
        (folder / file).write_text(text.replace(before, after))
        with open_replayer(Settings(var=golden, desk=folder)) as opened:
            return opened.replay(ticket)

    return changed


def first(found: Replayed) -> tuple[str, str, str]:
    """Where a ticket diverged first, and the nearest cause."""
    assert found.divergence is not None, found
    cause = found.divergence.causes[0]
    return found.divergence.node, cause.kind, cause.name


def test_nothing_changed_nothing_diverges(replayed: dict[str, Replayed], replayer: Replayer) -> None:
    """Whatever became of a ticket: reviewed, edited, written again, lost, killed; it comes to the same.

    Where the code has changed since the databases were written, only that it was is known.
    """
    assert list(replayed) == [number(what) for what in ENDS]
    for ticket, found in replayed.items():
        parts = list(replayer.record(ticket).parts.values())
        if all(content == replayer.today for content in parts):
            assert (found.result, found.changed) == ("same", ()), found
    assert sum(found.steps for found in replayed.values()) > 100


def test_a_policy_rule_is_named(other_desk: Callable[[str, str, str], Replayed]) -> None:
    """A limit that is lower now asks about what was allowed; the rule is named by its @id, at the gate."""
    found = other_desk(REFUNDED, "policy.cedar", "context.amount > 5000 && => context.amount > 100 &&")
    assert first(found) == ("authorize", "policy rule", "refund.over-50")
    assert found.divergence is not None
    assert (found.divergence.difference.then, found.divergence.difference.now) == ("allow", "ask")
    assert found.divergence.step == 8


def test_a_reply_template_is_named(other_desk: Callable[[str, str, str], Replayed]) -> None:
    """A reply in other words; the template is named where the reply is written."""
    found = other_desk(ANSWERED, "replies/en/parcel_moving.md", "parcel => package")
    assert first(found) == ("draft", "reply template", "en/parcel_moving")


def test_the_triage_model_is_named(other_desk: Callable[[str, str, str], Replayed]) -> None:
    """A model that hands over what it named; asked again because its digest is another."""
    phrases = "\n[[escalation]]\n"
    del phrases
    found = other_desk(ANSWERED, "escalate.toml", _more_words())
    assert first(found)[:2] == ("triage", "triage model")


def _more_words() -> str:
    """A word of the ticket's message among those that always go to a person."""
    text = (demonstration_desk() / "escalate.toml").read_text()
    start = text.index("[", text.index("=") + 1)
    opening = text[: start + 1]
    return f'{opening} => {opening}\n  "order",'


def test_a_playbook_is_named(replayer: Replayer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A playbook's function that decides otherwise is named by its request."""
    own = handlers()["where_is_my_order"]

    def where_is_my_order(case: Case) -> Plan:
        return own(case).model_copy(update={"notes": ("looked twice",)})

    monkeypatch.setitem(handlers(), "where_is_my_order", where_is_my_order)  # pyright: ignore[reportArgumentType]  cached
    found = replace(replayer, today=todays_parts(replayer.deps)).replay(ANSWERED)
    assert first(found) == ("playbook", "code", "playbook where_is_my_order")


def test_a_node_that_fails_now_is_named(replayer: Replayer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of today's code is what the ticket comes to, not the end of the batch."""

    def draft(state: TicketState, *, deps: Deps) -> Update:
        raise DeskError("the template is gone", where=str(state["ticket"]), hint=deps.graph)

    monkeypatch.setitem(NODES, "draft", replace(NODES["draft"], function=draft))
    found = replace(replayer, today=todays_parts(replayer.deps)).replay(ANSWERED)
    assert first(found)[0] == "draft"
    assert found.divergence is not None
    assert "node draft" in {cause.name for cause in found.divergence.causes}
    assert found.divergence.difference.now == "the template is gone"


def test_a_fact_is_named(golden: Path, tmp_path: Path) -> None:
    """Facts looked up now: an order that was cancelled since; which lookup, which field, then and now.

    Triage sees it too and says the same as then; the playbook is the first to come to something else.
    """
    var = Path(shutil.copytree(golden, tmp_path / "var"))
    with closing(open_shop(f"sqlite:///{var}/shop.db")) as shop:
        shop.cancel_order("k1", "FH-10020", "by telephone")
    with open_replayer(Settings(var=var), live=True) as opened:
        same, other = opened.replay(ANSWERED), opened.replay(WAITING)
    assert same.result == "same"
    assert first(other) == ("playbook", "fact", "shop.order FH-10020: status")
    assert other.divergence is not None
    assert (other.divergence.causes[0].then, other.divergence.causes[0].now) == ("packed", "cancelled")


def test_a_prompt_is_named(golden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A node that asks with the text of a prompt file asks otherwise now; the file is named."""
    prompt = tmp_path / "desk" / "prompts" / "look.md"
    shutil.copytree(demonstration_desk(), tmp_path / "desk", ignore=shutil.ignore_patterns("mail"))
    prompt.write_text("How is the parcel?")
    own = NODES["triage"]

    def triage(state: TicketState, *, deps: Deps) -> Update:
        deps.knowledge.search((deps.desk.folder / "prompts" / "look.md").read_text())
        return own.function(state, deps=deps)

    monkeypatch.setitem(NODES, "triage", replace(own, function=triage, kind="ask"))
    var = Path(shutil.copytree(golden, tmp_path / "var"))
    settings = Settings(var=var, desk=tmp_path / "desk")
    with open_runtime(settings, clock=SteppingClock()) as desk:
        ticket = desk.ask("Where is my order FH-10001?", sender="maya.ellingham@example.org", authenticated=True)
        assert desk.replay(ticket.id).tickets[0].result == "same"
        prompt.write_text("Where is the parcel?")
        found = desk.replay(ticket.id).tickets[0]
    assert first(found) == ("triage", "prompt", "look.md")


def test_what_changed_without_effect_is_said(other_desk: Callable[[str, str, str], Replayed]) -> None:
    """A comment in a template that the ticket used: the same, and yet named; in one that it did not use: nothing."""
    comment = "{# nothing #}"
    used = other_desk(ANSWERED, "replies/en/parcel_moving.md", f"parcel => {comment}parcel")
    assert (used.result, [cause.name for cause in used.changed]) == ("same", ["en/parcel_moving"])
    unused = other_desk(ANSWERED, "replies/en/cancelled.md", "cancelled => called off")
    assert (unused.result, unused.changed) == ("same", ())


def test_without_its_texts_a_ticket_is_not_kept(golden: Path, tmp_path: Path) -> None:
    """A message that was thrown away: said, and no divergence."""
    var = Path(shutil.copytree(golden, tmp_path / "var"))
    shutil.rmtree(var / "blobs")
    with open_replayer(Settings(var=var)) as opened:
        found = opened.replay(ANSWERED)
    assert (found.result, found.divergence) == ("not kept", None)
    assert found.note


def test_without_its_steps_the_ledger_is_compared(golden: Path, tmp_path: Path) -> None:
    """A thread that was thrown away: what was decided is still compared, and a change still named."""
    var, folder = Path(shutil.copytree(golden, tmp_path / "var")), tmp_path / "desk"
    (var / "checkpoints.db").unlink()
    shutil.copytree(demonstration_desk(), folder, ignore=shutil.ignore_patterns("mail"))
    template = folder / "replies/en/parcel_moving.md"
    template.write_text(template.read_text().replace("parcel", "package"))
    with open_replayer(Settings(var=var, desk=folder)) as opened:
        assert first(opened.replay(ANSWERED)) == ("draft", "reply template", "en/parcel_moving")
        assert opened.replay(APPROVED).result == "same"


# Nothing is touched.


def contents(var: Path) -> dict[str, str]:
    """The digest of every file that holds something, but for what says that somebody is reading."""
    files = [path for path in var.rglob("*") if path.is_file() and path.stat().st_size and path.suffix != ".db-shm"]
    return {str(path.relative_to(var)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


_CRASH = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from countersign.ledger import open_ledger
from countersign.adapters.shop import open_shop
var = Path(sys.argv[1])
ledger, shop = open_ledger(var / "ledger.db"), open_shop(f"sqlite:///{var}/shop.db")
ledger.halt("refund", "ines", "a test", datetime.now(UTC))
shop.cancel_order("k9", "FH-10018", "a test")
os._exit(0)
"""


@pytest.fixture(params=["closed", "killed"])
def quiet(request: pytest.FixtureRequest, golden: Path, tmp_path: Path) -> Path:
    """A var folder that nobody has open; or one whose last process was killed with its logs unwritten."""
    var = Path(shutil.copytree(golden, tmp_path / "var"))
    (var / "outbox").mkdir(exist_ok=True)
    (var / "outbox" / "sent").write_text("a reply")
    if request.param == "killed":
        subprocess.run([sys.executable, "-c", _CRASH, str(var)], check=True, cwd=ROOT)
        assert (var / "ledger.db-wal").stat().st_size
        assert (var / "shop.db-wal").stat().st_size
    return var


def test_every_byte_stays(quiet: Path) -> None:
    """Shop, outbox, ledger and threads are byte for byte the same after replays, live ones, forks and histories."""
    before = contents(quiet)
    with open_replayer(Settings(var=quiet), asks=True) as opened:
        assert opened.replay(APPROVED).result == "same"
        opened.fork(WAITING, 3, {"sender.verified": "none"})
        assert replace(opened, live=True).replay(ANSWERED).result == "same"
    assert read_history(Settings(var=quiet), ANSWERED)
    assert contents(quiet) == before


def test_an_open_desk_replays_and_forks(golden: Path, tmp_path: Path) -> None:
    """The same from Python, on a desk that is open: nothing is written, and the values show themselves."""
    var = Path(shutil.copytree(golden, tmp_path / "var"))
    with open_runtime(Settings(var=var), clock=SteppingClock()) as desk:
        before = contents(var)
        found, fork = desk.replay(ANSWERED), desk.fork(WAITING, at=3, values={"sender.verified": "none"})
        history = desk.history(ANSWERED)
        assert contents(var) == before
    assert (len(found), found.diverged, len(history)) == (1, {}, 11)
    for view in (found, fork, history):
        assert page(view.__rich__()).startswith("<div")
    assert "the same" in repr(found)
    assert (WAITING in repr(fork), ANSWERED in repr(history)) == (True, True)


# The command.


def test_the_command_ends_with_5_where_something_diverged(golden: Path, tmp_path: Path) -> None:
    """JSON with what was named, and the exit code that is a divergence's own."""
    folder = tmp_path / "desk"
    shutil.copytree(demonstration_desk(), folder, ignore=shutil.ignore_patterns("mail"))
    template = folder / "replies/en/parcel_moving.md"
    template.write_text(template.read_text().replace("parcel", "package"))
    finished = countersign("replay", ANSWERED, "--json", "--desk", str(folder), var=golden)
    assert finished.returncode == 5, finished.stderr
    (found,) = json.loads(finished.stdout)["tickets"]
    assert found["divergence"]["causes"][0]["name"] == "en/parcel_moving"


def test_the_command_says_what_is_wrong(golden: Path) -> None:
    """No such ticket, and neither one ticket nor all: one line each."""
    one_line(countersign("replay", var=golden), "settings")
    one_line(countersign("history", "CS-9", var=golden), "misuse.ticket")


def test_interrupted_replays_say_how_many_are_left(replayer: Replayer, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends it after the tickets that were run; what was found is printed."""

    class Interrupted(Replayer):
        def one(self, ticket_id: str, folder: Path) -> Replayed:
            if ticket_id == number("refunded"):
                raise KeyboardInterrupt
            return super().one(ticket_id, folder)

    fields = {name: getattr(replayer, name) for name in replayer.__dataclass_fields__}
    found = list(command.results(Interrupted(**fields), replayer.tickets(), quiet=True))
    assert [one.ticket for one in found] == [ANSWERED]
    with pytest.raises(BaseException, match="130"):
        command.exit_by(found, len(ENDS))
    command.print_replays(found, len(ENDS))
    assert f"{len(ENDS) - 1} tickets were not run again" in capsys.readouterr().out

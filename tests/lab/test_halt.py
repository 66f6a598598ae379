"""A stop holds at once, for whatever was granted or approved before, and is lifted by a named person."""

from pathlib import Path

import pytest

from countersign.domain.review import Approve
from countersign.ledger import open_ledger
from countersign.ledger.read import view
from countersign.review import shown
from countersign.runtime import Runtime
from tests.cli.command import countersign, one_line
from tests.conftest import SteppingClock
from tests.graph.reviewing import lost_tent, refunds, say


@pytest.mark.parametrize("kind", ["refund", "*"])
def test_stop_holds_for_what_is_approved_until_it_is_lifted(runtime: Runtime, clock: SteppingClock, kind: str) -> None:
    """Stopped from another process while a question waits: its approval causes nothing and is asked again with why."""
    asked = lost_tent(runtime)
    other = open_ledger(runtime.settings.ledger_file)
    assert other.halt(kind, "ines", "the provider is being changed", clock.now())
    ended = say(runtime, asked, Approve())
    again = shown(runtime, ended.id)
    assert (ended.status, refunds(runtime)) == ("waiting", [])
    assert any("claim.halted" in reason for reason in again.reasons)
    assert other.unhalt(kind, "maria", clock.now())
    other.close()
    assert say(runtime, again, Approve()).status == "answered"
    assert refunds(runtime) == [64900]


def test_stop_of_another_kind_stops_nothing_here(runtime: Runtime, clock: SteppingClock) -> None:
    """Each kind has its own stop."""
    runtime.ledger.halt("cancel_order", "ines", "", clock.now())
    assert say(runtime, lost_tent(runtime), Approve()).status == "answered"


def test_commands_need_a_named_person_and_are_audited(tmp_path: Path) -> None:
    """Who stops and who goes on is a person of the desk, and the audit names them."""
    var = tmp_path / "var"
    open_ledger(var / "ledger.db").close()
    assert one_line(countersign("halt", "--as", "nobody", var=var), "rejected.unknown_person")
    assert one_line(countersign("halt", "--as", "ines", "--action", "refnud", var=var), "settings")
    assert countersign("halt", "--as", "ines", "--action", "refund", "--why", "change", var=var).returncode == 0
    assert "nothing to change" in countersign("halt", "--as", "maria", "--action", "refund", var=var).stdout
    assert "going on" in countersign("unhalt", "--as", "maria", "--action", "refund", var=var).stdout
    with view(var / "ledger.db") as connection:
        rows = connection.exec_driver_sql("SELECT event, ref, actor FROM audit").all()
    assert [tuple(row) for row in rows] == [("kind.halted", "refund", "ines"), ("kind.unhalted", "refund", "maria")]

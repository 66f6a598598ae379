"""Where the policy wants four eyes, whoever edited a proposal does not approve it, not even faster than the other."""

import shutil
from pathlib import Path

import pytest

from countersign.domain.review import Approve
from countersign.ledger.check import check_ledger
from countersign.review import shown
from countersign.runtime import open_runtime
from countersign.settings import Settings, demonstration_desk
from tests.conftest import SteppingClock
from tests.crash.answering import reply_of, together
from tests.graph.reviewing import lost_tent, refunds, refused, say
from tests.graph.test_review_edits import part

RULE = """
@id("approve.four-eyes")
@reason("Whoever edited a refund does not approve it.")
forbid (principal is Person, action == Action::"approve.refund", resource)
when { context has own_edit };
"""


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """The demonstration desk with that rule."""
    folder = Path(shutil.copytree(demonstration_desk(), tmp_path / "desk", ignore=shutil.ignore_patterns("mail")))
    policy = folder / "policy.cedar"
    policy.write_text(policy.read_text(encoding="utf-8") + RULE, encoding="utf-8")
    return folder


def test_editor_does_not_approve_what_they_made(var: Path, desk: Path, clock: SteppingClock) -> None:
    """The edited amount waits for somebody else; alone or at the same moment, only the other person's yes counts."""
    with open_runtime(Settings(var=var, desk=desk), clock=clock) as runtime:
        ticket = say(runtime, lost_tent(runtime), part(shown(runtime, "CS-1001"), 30000, "300.00"))
        again = shown(runtime, ticket.id)
        assert (ticket.status, refunds(runtime)) == ("waiting", [])
        assert refused(runtime, again, Approve(), "ines") == "rejected.not_permitted"
    answers = [reply_of("CS-1001", Approve(), person, again.digest) for person in ("ines", "ines", "maria", "ines")]
    told = together(var, answers, clock, desk)
    assert told[2] == "answered"
    assert all(
        one.startswith(("rejected.not_permitted", "rejected.already_answered: maria")) for one in told if one != told[2]
    )
    with open_runtime(Settings(var=var, desk=desk), clock=clock) as runtime:
        assert refunds(runtime) == [30000]
        assert check_ledger(runtime.settings.ledger_file) == ()


def test_untouched_parts_of_an_edit_are_nobodys(var: Path, desk: Path, clock: SteppingClock) -> None:
    """Who changed only the reply may approve the refund: it is not of their making."""
    from countersign.domain.review import Edit

    with open_runtime(Settings(var=var, desk=desk), clock=clock) as runtime:
        asked = lost_tent(runtime)
        assert asked.draft is not None
        ended = say(runtime, asked, Edit(body=asked.draft.body + "\n\nSorry again."))
        assert (ended.status, refunds(runtime)) == ("answered", [64900])

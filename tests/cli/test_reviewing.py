"""`review` and `reopen` as people type them: shown, answered by options or prompts, refused in one line."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.command import countersign, one_line
from tests.cli.conftest import MAIL

CHARGE = "CS-1001"
"""A double charge of 249.00 that waits for a person."""


@pytest.fixture(scope="session")
def asked_var(fresh_var: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files with one question; never answered in."""
    var = Path(shutil.copytree(fresh_var, tmp_path_factory.mktemp("asked") / "var"))
    finished = countersign("run", str(next(MAIL.glob("049-*.eml"))), var=var)
    assert finished.returncode == 0, finished.stderr
    return var


@pytest.fixture
def asked(asked_var: Path, tmp_path: Path) -> Path:
    """Files of this test's own, with one question."""
    return Path(shutil.copytree(asked_var, tmp_path / "asked"))


def status(var: Path, ticket: str = CHARGE) -> str:
    """How a ticket stands."""
    return str(json.loads(countersign("show", ticket, "--json", var=var).stdout)["ticket"]["status"])


def test_review_shows_everything_and_changes_nothing(asked: Path) -> None:
    """Message, facts, proposal, what undoes it, the rule that asked, the draft, risk and deadline, without escapes."""
    shown = countersign("review", CHARGE, var=asked)
    assert shown.returncode == 0
    for part in (
        "charged my card twice", "shop:order/FH-10049", "Refund 249.00 €", "can't be undone", "refund.over-200",
        "Hello Viktor Hradec", "at risk: 249.00 €", "answer by", "Nothing was answered",
    ):  # fmt: skip
        assert part in shown.stdout, part
    assert "\x1b" not in shown.stdout
    assert status(asked) == "waiting"


def test_approving_by_option(asked: Path) -> None:
    """One command approves; the second is told who was first, and when."""
    done = countersign("review", "1001", "--approve", "--as", "ines", "--json", var=asked)
    assert (done.returncode, json.loads(done.stdout)["status"]) == (0, "answered")
    again = countersign("review", CHARGE, "--approve", "--as", "maria", "--digest", _digest(asked), var=asked)
    line = one_line(again, "rejected.already_answered")
    assert "ines answered approve at 20" in line
    assert again.returncode == 4


def _digest(var: Path) -> str:
    reviews = json.loads(countersign("why", CHARGE, "--json", var=var).stdout)["turns"][0]["reviews"]
    return str(reviews[-1]["digest"])


@pytest.mark.parametrize(
    ("words", "end"),
    [
        (("--reject", "not ours"), "handed_over"),
        (("--take-over",), "handed_over"),
        (("--close", "--note", "rang them"), "closed"),
    ],
)
def test_answering_by_option(asked: Path, words: tuple[str, ...], end: str) -> None:
    """Reject, take over, close."""
    done = countersign("review", CHARGE, *words, "--as", "maria", var=asked)
    assert (done.returncode, status(asked)) == (0, end), done.stderr


def test_editing_what_json_prints(asked: Path, tmp_path: Path) -> None:
    """`--json` prints what `--edit` reads: another amount, in the proposal and in the reply."""
    edit = json.loads(countersign("review", CHARGE, "--json", var=asked).stdout)["edit"]
    edit["proposals"][0]["args"]["amount"] = 20000
    edit["body"] = edit["body"].replace("249.00", "200.00")
    file = tmp_path / "edit.json"
    file.write_text(json.dumps(edit))
    done = countersign("review", CHARGE, "--edit", str(file), "--as", "maria", var=asked)
    assert (done.returncode, status(asked)) == (0, "answered"), done.stderr
    assert "200.00 €" in countersign("show", CHARGE, var=asked).stdout


def test_answering_in_ones_own_words(asked: Path) -> None:
    """A reply from standard input leaves; no money does."""
    text = "Hello Viktor Hradec,\n\nwe look into it and write to you again on this address soon."
    done = countersign("review", CHARGE, "--answer", "-", "--as", "tomas", var=asked, stdin=text)
    assert (done.returncode, status(asked)) == (0, "answered"), done.stderr
    assert "refund done" not in countersign("show", CHARGE, var=asked).stdout


def test_prompts_are_asked_and_bad_words_asked_again(asked: Path) -> None:
    """Without options a person is asked who they are and what they say, until it can be understood."""
    done = countersign("review", CHARGE, var=asked, stdin="nobody\nmaria\nsure\nreject\n\nreject\nnot ours\n")
    assert (done.returncode, status(asked)) == (0, "handed_over")
    assert "nobody is none of them" in done.stderr
    assert "sure is none of them" in done.stderr
    assert "That can't be taken" in done.stderr
    assert "maria rejected it: not ours" in done.stdout


def test_editing_in_an_editor(asked: Path, tmp_path: Path) -> None:
    """The editor that the person has set is given what may be edited."""
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nsed -i -e 's/24900/20000/' -e 's/249.00/200.00/' \"$1\"\n")
    editor.chmod(0o755)
    said = "ines\nedit\n\n"
    done = countersign("review", CHARGE, var=asked, stdin=said, settings={"COUNTERSIGN_EDITOR": str(editor)})
    assert (done.returncode, status(asked)) == (0, "answered"), done.stderr


@pytest.mark.parametrize(
    ("words", "code", "exit_code"),
    [
        (("--approve",), "settings", 2),
        (("--approve", "--close", "--as", "ines"), "settings", 2),
        (("--approve", "--as", "nobody"), "rejected.unknown_person", 4),
        (("--approve", "--as", "tomas"), "rejected.limit", 4),
        (("--approve", "--as", "hanne"), "rejected.not_permitted", 4),
        (("--approve", "--as", "ines", "--digest", "0" * 64), "rejected.digest", 4),
        (("--reject", "", "--as", "ines"), "input.answer", 3),
        (("--edit", "missing.json", "--as", "ines"), "input.file", 3),
        (("--edit", "-", "--as", "ines"), "input.json", 3),
    ],
)
def test_refusals_are_one_line_and_leave_the_question(
    asked: Path, words: tuple[str, ...], code: str, exit_code: int
) -> None:
    """What can't be taken is said in one line with a code; the question stays as it is."""
    refused = countersign("review", CHARGE, *words, var=asked, stdin="[1,")
    one_line(refused, code)
    assert (refused.returncode, status(asked)) == (exit_code, "waiting")


@pytest.mark.parametrize("stdin", ["{}x", "[]", "null", '{"proposals": 1}', '{"amount": 1}', '{"body": ""}'])
def test_edits_that_are_none_are_refused(asked: Path, stdin: str) -> None:
    """A file that is no edit changes nothing."""
    refused = countersign("review", CHARGE, "--edit", "-", "--as", "ines", var=asked, stdin=stdin)
    assert refused.returncode == 3
    assert refused.stderr.startswith("countersign: -: ")
    assert status(asked) == "waiting"


def test_what_was_handed_over_is_answered_and_closed(asked: Path) -> None:
    """A ticket in the queue is answered in a person's own words, or taken off it."""
    countersign("review", CHARGE, "--take-over", "--as", "maria", var=asked)
    refused = countersign("review", CHARGE, var=asked, stdin="tomas\napprove\nclose\nrang them\n")
    assert "approve is none of them" in refused.stderr
    assert status(asked) == "closed"
    reply = "Hello Viktor Hradec,\n\nthank you for your patience. A colleague writes to you soon."
    done = countersign("review", CHARGE, "--answer", "-", "--as", "tomas", var=asked, stdin=reply)
    assert (done.returncode, status(asked)) == (0, "answered"), done.stderr


def test_unknown_ticket(asked: Path) -> None:
    """There is nothing to review in a ticket that is not there."""
    one_line(countersign("review", "CS-9", var=asked), "storage.no_ticket")


def test_reopening(asked: Path) -> None:
    """A ticket that was handed over is taken up again, and asks again."""
    countersign("review", CHARGE, "--take-over", "--as", "maria", var=asked)
    done = countersign("reopen", CHARGE, "the customer rang", "--as", "maria", var=asked)
    assert (done.returncode, status(asked)) == (0, "waiting"), done.stderr
    one_line(countersign("reopen", CHARGE, "again", "--as", "maria", var=asked), "rejected.open")

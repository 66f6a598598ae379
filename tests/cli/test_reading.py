"""`inbox`, `show`, `why`, `quarantine`: what a run left, as people and as programs read it."""

import json
from pathlib import Path

import pytest

from tests.cli.command import countersign, one_line
from tests.cli.conftest import Handled

READING = ("inbox", "quarantine", "show CS-1001", "why CS-1001", "stats", "trace CS-1001")


@pytest.mark.parametrize("command", READING)
def test_nothing_run_yet_says_what_to_run(command: str, tmp_path: Path) -> None:
    """Where nothing was run, a reading command says so, names the next step, and makes no file."""
    finished = countersign(*command.split(), var=tmp_path / "var")
    assert finished.returncode == 4
    assert "countersign run" in one_line(finished, "storage.missing")
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize("command", ["show", "why", "trace"])
@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_an_unknown_ticket_is_one_line(command: str, flags: tuple[str, ...], handled: Handled) -> None:
    """A ticket that does not exist ends with one line that names it."""
    finished = countersign(command, "CS-9999", *flags, var=handled.var)
    assert finished.returncode == 2
    assert "CS-9999" in one_line(finished, "misuse.ticket")
    assert finished.stdout == ""


def test_the_inbox_lists_the_most_money_first(handled: Handled) -> None:
    """What waits stands there with its money, rule, deadline and subject; money comes before hand-overs."""
    found = json.loads(countersign("inbox", "--json", var=handled.var).stdout)
    first = found[0]
    assert (first["status"], first["rules"]) == ("waiting", ["refund.over-200"])
    assert first["amount"] == {"amount": 24900, "currency": "EUR"}
    assert first["deadline"] > first["since"]
    assert {item["status"] for item in found[1:]} == {"handed_over"}
    drawn = countersign("inbox", var=handled.var).stdout
    for shown in (first["ticket"], "249.00 €", "refund.over-200", first["subject"], "in 2 d"):
        assert shown in drawn


def test_show_draws_the_whole_road_of_an_answer(handled: Handled) -> None:
    """Message, triage, decision with its rule, grant, effect with receipt, the reply's text, outcome."""
    drawn = countersign("show", "CS-1001", var=handled.var).stdout
    for shown in ("received from", "triage where_is_my_order", "reply.send", "granted send_reply", "send_reply done"):
        assert shown in drawn
    assert "Best wishes" in drawn
    assert drawn.rstrip().splitlines()[-1].endswith("answered")


def test_show_draws_a_question_to_a_person(handled: Handled) -> None:
    """A ticket that waits shows what is asked, by which rule, until when, and the reply that would go."""
    waiting = json.loads(countersign("inbox", "--json", var=handled.var).stdout)[0]["ticket"]
    drawn = countersign("show", waiting, var=handled.var).stdout
    for shown in ("verdict ask", "Refund 249.00 €", "refund.over-200", "review opened", "open until", "Best wishes"):
        assert shown in drawn
    assert "done" not in drawn.replace("was done", "")


def test_show_as_json_has_ticket_and_events(handled: Handled) -> None:
    """Programs get the ticket and its events in order, each with time, actor and details."""
    told = json.loads(countersign("show", "1001", "--json", var=handled.var).stdout)
    assert told["ticket"]["id"] == "CS-1001"
    names = [event["event"] for event in told["events"]]
    road = ["message.accepted", "triage", "verdict.recorded", "grant.given", "effect.done", "outcome.recorded"]
    assert [name for name in names if name in road] == road
    assert set(told["events"][0]) == {"seq", "at", "turn", "event", "actor", "details"}


def test_why_names_rules_policy_and_facts(handled: Handled) -> None:
    """Each decision comes with its rules, the policy's digest and the facts it was made from."""
    told = json.loads(countersign("why", "CS-1002", "--json", var=handled.var).stdout)
    decision = told["turns"][0]["verdicts"][0]["decisions"][0]
    assert decision["rules"] == ["refund.over-200"]
    assert len(decision["policy"]) == 64
    assert decision["context"]["amount"] == 24900
    drawn = countersign("why", "CS-1002", var=handled.var).stdout
    for shown in ("refund.over-200", decision["policy"][:16], "amount 24900", "verified address", "Playbook billing"):
        assert shown in drawn


def test_the_quarantine_names_file_and_reason(handled: Handled) -> None:
    """What could not become a ticket is listed with its source, code and reason."""
    found = json.loads(countersign("quarantine", "--json", var=handled.var).stdout)
    assert [(Path(item["source"]).name, item["code"]) for item in found] == [("901-empty.eml", "input.empty")]
    drawn = countersign("quarantine", var=handled.var, settings={"COLUMNS": "400"}).stdout
    for shown in ("input.empty", "901-empty.eml", "the file is empty"):
        assert shown in drawn


def test_stats_begin_with_what_was_settled(handled: Handled) -> None:
    """The share without a person stands first; JSON has every figure; nothing that a customer wrote is in either."""
    drawn = countersign("stats", var=handled.var).stdout
    told = json.loads(countersign("stats", "--json", var=handled.var).stdout)
    settled = told["settled"]
    assert drawn.startswith(f"{100 * settled['settled'] / settled['tickets']:.1f} % of {settled['tickets']} tickets")
    assert settled["tickets"] == sum(told["outcomes"].values())
    assert [(failed["code"], failed["where"]) for failed in told["failures"]] == [("input.empty", "message")]
    assert all(one["observed"] == one["begun"] for one in told["observed"])
    assert "@" not in drawn + json.dumps(told)


def test_stats_since(handled: Handled) -> None:
    """A time that has no tickets says so; what is no time is one line."""
    assert "No ticket was opened" in countersign("stats", "--since", "2999-01-01", var=handled.var).stdout
    assert json.loads(countersign("stats", "--since", "1d", "--json", var=handled.var).stdout)["routes"]
    assert "7d" in one_line(countersign("stats", "--since", "yesterday", var=handled.var), "settings")


def test_trace_draws_each_node_below_its_turn(handled: Handled) -> None:
    """The waterfall has nodes, lookups and effects; JSON has the spans as OTLP has them."""
    drawn = countersign("trace", "CS-1001", var=handled.var).stdout.splitlines()
    names = [line.split()[0] for line in drawn if "█" in line]
    assert names[:3] == ["support", "receive", "redact"]
    assert {"shop.order", "send_reply", "record_outcome"} <= set(names)
    (turn,) = json.loads(countersign("trace", "1001", "--json", var=handled.var).stdout)
    assert turn["trace"] in drawn[0]
    assert {span["traceId"] for span in turn["spans"]} == {turn["trace"]}


@pytest.mark.parametrize("command", ["inbox", "quarantine", "show", "why", "stats", "trace"])
@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_no_text_from_mail_acts_on_the_terminal(command: str, flags: tuple[str, ...], handled: Handled) -> None:
    """Control characters never come through, and what looks like markup is shown as it was written."""
    ticket = ("CS-1005",) if command in ("show", "why", "trace") else ()
    finished = countersign(command, *ticket, *flags, var=handled.var)
    assert finished.returncode == 0
    assert all(sign.isprintable() or sign == "\n" for sign in finished.stdout)
    if command in ("inbox", "show", "why"):
        assert "[bold red]refund[/]" in finished.stdout

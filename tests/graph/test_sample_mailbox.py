"""The sample mailbox, handled end to end: each message comes to what the rules of the business imply."""

import io
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from countersign.adapters.mail import read_sources
from countersign.batch import Batch, Summary
from countersign.domain.ticket import TicketRef
from countersign.ledger.read import waiting
from countersign.replaying import open_replayer
from countersign.runtime import Runtime, open_runtime
from countersign.settings import Settings
from tests.conftest import SteppingClock

ROOT = Path(__file__).resolve().parents[2]
MAIL = ROOT / "desk" / "mail"
EXPECTED: dict[str, dict[str, Any]] = tomllib.loads((ROOT / "tests/unit/sample_mail_expected.toml").read_text())


@dataclass(frozen=True)
class Came:
    """What one message came to."""

    ticket: str
    end: str
    requests: tuple[str, ...]
    effects: tuple[str, ...]
    refunded: int
    waits: tuple[str, ...]
    asked: str
    reply: str
    reason: str
    named: bool
    """Triage named a request."""
    rules: tuple[str, ...]
    """The rules under which a person is asked."""


@dataclass(frozen=True)
class Handled:
    """The mailbox, handled twice."""

    var: Path
    came: dict[str, Came]
    first: Summary
    second: Summary


@pytest.fixture(scope="module")
def handled(prepared_var: Path, tmp_path_factory: pytest.TempPathFactory) -> Handled:
    """The whole mailbox handled once, and then again."""
    import shutil

    var = tmp_path_factory.mktemp("mailbox") / "var"
    shutil.copytree(prepared_var, var)
    clock = SteppingClock()
    with open_runtime(Settings(var=var), clock=clock) as runtime:
        came, first = _run(runtime)
        clock.move(minutes=5)
        _, second = _run(runtime)
    return Handled(var=var, came=came, first=first, second=second)


def test_no_trace_has_anybodys_data(handled: Handled) -> None:
    """Of the whole mailbox's spans: every text is a name or a code, and no customer, order or mail is among them."""
    import json
    import sqlite3
    from email import policy
    from email.parser import BytesParser

    written = (handled.var / "traces" / "spans.jsonl").read_text()
    lines = [json.loads(line)["resourceSpans"][0]["scopeSpans"][0]["spans"][0] for line in written.splitlines()]
    texts = {text for span in lines for text in (span["name"], *_texts(span["attributes"]))}
    assert len(lines) > 10 * len(handled.came)
    assert all(re.fullmatch(r"[A-Za-z0-9_.:/+-]*( [A-Za-z0-9_.:/+-]+)?", text) for text in texts), texts
    told = "\n".join(sorted(texts)).lower()
    with sqlite3.connect(handled.var / "shop.db") as shop:
        known = {str(value) for row in shop.execute("SELECT email, name FROM customers") for value in row}
        known |= {str(row[0]) for row in shop.execute("SELECT number FROM orders")}
    for path in MAIL.glob("*.eml"):
        mail = BytesParser(policy=policy.default).parsebytes(path.read_bytes())
        known |= {str(mail["From"]), str(mail["Message-ID"])}
        known |= {str(mail["Subject"])} if " " in str(mail["Subject"]) else set()  # one word may be a tool's name
    assert len(known) > 500
    assert [value for value in known if len(value) > 3 and value.lower() in told] == []
    assert "@" not in written


def _texts(attributes: list[dict[str, Any]]) -> list[str]:
    return [each["value"]["stringValue"] for each in attributes if "stringValue" in each["value"]]


def _run(runtime: Runtime) -> tuple[dict[str, Came], Summary]:
    """Message by message, so that each turn's end can be told."""
    mail = runtime.deps.desk.settings.mail
    batch = Batch(runtime)
    summary = batch.run(read_sources([str(MAIL)], runtime.deps.blobs, mail, io.BytesIO()))
    ticket_of = {Path(taken.source).name: taken.ticket for taken in batch.taken}
    return {name: _came(runtime, ticket) for name, ticket in ticket_of.items() if ticket}, summary


def _came(runtime: Runtime, ticket_id: str) -> Came:
    ticket = runtime.ticket(ticket_id)
    refs = [TicketRef(id=ticket_id, turn=turn) for turn in range(1, ticket.turn + 1)]
    effects = [effect for ref in refs for effect in runtime.ledger.receipts(ref) if effect.status == "done"]
    open_proposals = runtime.ledger.proposals(refs[-1]) if ticket.status == "waiting" else ()
    replies = [p.args["body"] for ref in refs for p in runtime.ledger.proposals(ref) if p.kind == "send_reply"]
    turns = runtime.ledger.past_turns(ticket_id)
    return Came(
        ticket=ticket_id,
        end=ticket.status,
        requests=tuple(dict.fromkeys(request for turn in turns for request in turn.requests)) or ticket.requests,
        effects=tuple(sorted(effect.kind for effect in effects if effect.kind != "send_reply")),
        refunded=sum(e.receipt.amount or 0 for e in effects if e.kind == "refund" and e.receipt),
        waits=tuple(sorted(p.kind for p in open_proposals if p.kind != "send_reply")),
        asked=next((turn.asked for turn in turns if turn.asked), ""),
        reply="\n".join(cast("list[str]", replies)),
        reason=ticket.reason,
        named=not _abstained(runtime, ticket_id),
        rules=next((item.rules for item in waiting(runtime.ledger) if item.ticket == ticket_id), ()),
    )


def _abstained(runtime: Runtime, ticket_id: str) -> bool:
    state = runtime.state(ticket_id)
    triage = state.get("triage") if state else None
    return triage is not None and triage.abstained


def differences(expected: dict[str, Any], came: Came) -> list[str]:
    """Everything about one message that is not as expected, in words."""
    found: list[str] = []
    if came.end not in expected["end"]:
        found.append(f"ended {came.end} ({came.reason}), not {expected['end']}")
    if came.end in ("answered", "waiting") and "requests" in expected:
        wanted = [set(one.split("|")) for one in expected["requests"]]
        if not all(any(request in names for request in came.requests) for names in wanted):
            found.append(f"was read as {came.requests}, not {expected['requests']}")
    if "effects" in expected and sorted(expected["effects"]) != list(came.effects):
        found.append(f"caused {came.effects}, not {expected['effects']}")
    found.extend(f"must never cause {kind}" for kind in expected.get("never", ()) if kind in came.effects)
    if "refunded" in expected and came.refunded != expected["refunded"]:
        found.append(f"refunded {came.refunded}, not {expected['refunded']}")
    if came.refunded > expected.get("most", came.refunded):
        found.append(f"refunded {came.refunded}, more than {expected['most']}")
    if came.end == "waiting" and not set(expected.get("waits", ())) <= set(came.waits):
        found.append(f"waits for {came.waits}, not {expected['waits']}")
    if expected.get("asks") and not came.asked:
        found.append("did not ask")
    found.extend(f"says “{word}”" for word in expected.get("silent", ()) if word.lower() in came.reply.lower())
    return found


def countersigned(came: Came) -> bool:
    """Whether a person is asked because an agent planned it, or a model named the request."""
    return came.end == "waiting" and any(rule.startswith(("agent.", "named.")) for rule in came.rules)


def differences_in_a_plan(expected: dict[str, Any], came: Came) -> list[str]:
    """What a plan that waits would do is what the rules imply; nothing has happened yet."""
    done = [f"caused {came.effects} without a person"] if came.effects else []
    if "effects" in expected and came.requests and sorted(expected["effects"]) != list(came.waits):
        done.append(f"would cause {came.waits}, not {expected['effects']}")
    same = expected | {"end": [*expected["end"], "waiting"], "effects": [], "refunded": 0, "waits": []}
    return [*done, *differences(same, came)] if came.requests else [*done, *differences(same | {"requests": []}, came)]


def abstained(came: Came) -> bool:
    """Whether triage was not sure, and what read on found no answer either: a person has it, safe and never wrong."""
    return came.end == "handed_over" and not came.named


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_message_comes_to_what_the_rules_imply(handled: Handled, name: str) -> None:
    """The end, the requests, the effects, the money and the words of one message's turn."""
    expected = EXPECTED[name]
    came = handled.came[name]
    if any(other.get("ticket") == name for other in EXPECTED.values()):
        pytest.skip("a later message continues its ticket: the last one's end counts")
    if abstained(came):
        assert came.effects == ()
    elif countersigned(came):
        assert differences_in_a_plan(expected, came) == []
    else:
        assert differences(expected, came) == []


def test_triage_abstains_on_few_messages_that_the_rules_answer(handled: Handled) -> None:
    """At most one in fifteen of the messages with an answer goes to a person because triage was not sure."""
    answerable = [name for name, expected in EXPECTED.items() if "handed_over" not in expected["end"]]
    unsure = [name for name in answerable if abstained(handled.came[name])]
    assert len(unsure) * 15 <= len(answerable), unsure


def test_what_triage_cannot_name_comes_back_as_plans(handled: Handled) -> None:
    """Most messages that the rules answer and triage can't name are read by the resolver, and wait for a yes."""
    answerable = [name for name, expected in EXPECTED.items() if "handed_over" not in expected["end"]]
    planned = [name for name in answerable if countersigned(handled.came[name])]
    unsure = [name for name in answerable if abstained(handled.came[name])]
    assert len(planned) >= 3
    assert len(planned) > len(unsure)


def test_second_run_changes_nothing(handled: Handled) -> None:
    """The same mailbox again: no reply, no effect, every message known."""
    assert (handled.second.replies, handled.second.effects) == (0, 0)
    assert handled.second.duplicates == len(list(MAIL.glob("*.eml")))
    assert handled.first.replies > 60
    assert handled.first.effects > 15


def test_duplicate_and_reply_are_no_tickets_of_their_own(handled: Handled) -> None:
    """A second delivery belongs to the first one's ticket, a reply to the ticket it answers."""
    for name, expected in EXPECTED.items():
        for other in (expected.get("same_as"), expected.get("ticket")):
            if other:
                assert handled.came[name].ticket == handled.came[other].ticket


def test_replaying_comes_to_the_same(handled: Handled) -> None:
    """Every sixth ticket, run again from its record: no divergence. `countersign replay --all` runs all of them."""
    with open_replayer(Settings(var=handled.var)) as replayer, replayer.scratch() as folder:
        found = [replayer.one(ticket, folder) for ticket in replayer.tickets()[::6]]
    assert [one for one in found if one.result != "same" or one.changed] == []
    assert len(found) > 20

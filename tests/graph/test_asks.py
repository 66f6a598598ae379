"""Models outside the agent's seat: naming what triage can't, and other words for a template's reply."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from countersign.display.views import TicketView
from countersign.ledger.read import why
from countersign.runtime import Runtime, open_runtime
from countersign.settings import ModelSettings, Settings
from tests.conftest import SteppingClock

VAGUE = "Hm. FH-10001, dear people. You know how it goes."
PLAIN = "Hello, where is my order FH-10001? It should have been here by now."
MAYA = "maya.ellingham@example.org"
NAMES: dict[str, Any] = {"sure": True, "unusual": False, "requests": ["where_is_my_order"]}


def naming(**changes: Any) -> dict[str, Any]:
    return {"when": '"requests"', "value": NAMES | changes, "repeats": True}


def wording(reply: str) -> dict[str, Any]:
    return {"when": "put a shop's reply", "value": {"reply": reply}, "repeats": True}


AGREES: dict[str, Any] = {"when": "second pair of eyes", "value": {"agrees": True}, "repeats": True}


@contextmanager
def desk(var: Path, *lines: dict[str, Any], large: str = "") -> "Generator[Runtime]":
    """A desk whose small seat follows a script."""
    script = var / "script.json"
    script.write_text(json.dumps(lines))
    settings = Settings(var=var, model=ModelSettings(small=f"scripted:{script}", large=large))
    with open_runtime(settings, clock=SteppingClock()) as runtime:
        yield runtime


def reply_of(runtime: Runtime, ticket: TicketView) -> str:
    """The reply that left, or waits."""
    state = runtime.state(ticket.id)
    draft = state.get("draft") if state else None
    assert draft is not None
    return draft.body


def reasons_of(runtime: Runtime, ticket: TicketView) -> tuple[str, ...]:
    state = runtime.state(ticket.id)
    triaged = state.get("triage") if state else None
    assert triaged is not None
    return triaged.reasons


def triage_of(runtime: Runtime, ticket: TicketView) -> tuple[str, list[str]]:
    """What the record says of it: the request that was named, or nothing, and why."""
    told: Any = why(runtime.ledger, ticket.id)
    said = told["turns"][0]["triage"]
    return "".join(intent["request"] for intent in said["intents"]), said["reasons"]


def test_a_model_names_what_triage_abstains_on(var: Path) -> None:
    """The playbook answers; who named it is in the record; with nobody to agree, a person sees it first."""
    with desk(var, naming()) as runtime:
        ticket = runtime.ask(VAGUE, sender=MAYA, authenticated=True)
        assert (ticket.status, ticket.requests) == ("waiting", ("where_is_my_order",))
        assert reasons_of(runtime, ticket) == ("no request covers it", "script.json named it")
        assert "FH-10001 is on its way" in reply_of(runtime, ticket)
        assert triage_of(runtime, ticket) == ("where_is_my_order", ["no request covers it", "script.json named it"])


def test_what_the_model_doubts_or_fails_at_goes_on_as_unknown(var: Path) -> None:
    """Nothing is named, and the reasons say why, with the code where there is one."""
    doubts = [naming(sure=False), naming(unusual=True), naming(requests=[])]
    lines = [doubt | {"when": f"please {number}"} for number, doubt in enumerate(doubts)]
    fails = [{"when": f"please {code}", "fails": code, "repeats": True} for code in ("timeout", "truncated", "budget")]
    with desk(var, *lines, *fails) as runtime:
        for number in range(len(doubts)):
            ticket = runtime.ask(f"{VAGUE} please {number}", sender=MAYA, authenticated=True)
            assert reasons_of(runtime, ticket)[-1] == "script.json can't name it for sure"
        for line in fails:
            ticket = runtime.ask(f"{VAGUE} {line['when']}", sender=MAYA, authenticated=True)
            assert triage_of(runtime, ticket)[0] == ""
            assert f"(model.{line['fails']})" in reasons_of(runtime, ticket)[-1]


def test_what_must_go_to_a_person_is_shown_to_no_model(var: Path) -> None:
    """A threat of a lawsuit is not named by anybody."""
    with desk(var, naming()) as runtime:
        ticket = runtime.ask("I will take legal action against you over FH-10001.", sender=MAYA, authenticated=True)
        assert ticket.status == "handed_over"
        assert not any("script" in reason for reason in reasons_of(runtime, ticket))


def _locked(runtime: Runtime) -> str:
    """The reply as the model is shown it, taken from a desk whose model says nothing of use."""
    from countersign.quality.locks import lock

    ticket = runtime.ask(PLAIN, sender=MAYA, authenticated=True)
    state = runtime.state(ticket.id)
    assert state is not None
    return lock(reply_of(runtime, ticket), (fact.value for plan in state.get("plans", ()) for fact in plan.facts)).text


@pytest.fixture(scope="module")
def locked(prepared_var: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    import shutil

    folder = tmp_path_factory.mktemp("locked") / "var"
    shutil.copytree(prepared_var, folder)
    with desk(folder) as runtime:
        return _locked(runtime)


def test_a_reply_leaves_in_other_words_with_the_same_facts(locked: str, var: Path) -> None:
    """Every fact is back in its place, nothing else is stated, and what worded it is in the record."""
    words = locked.replace("Good news: your order", "There is good news about your order")
    assert words != locked
    with desk(var, wording(words)) as runtime:
        ticket = runtime.ask(PLAIN, sender=MAYA, authenticated=True)
        body = reply_of(runtime, ticket)
        assert ticket.status == "answered"
        assert "There is good news about your order FH-10001" in body
        assert "Maya Ellingham" in body
        assert "[[" not in body
        state = runtime.state(ticket.id)
        draft = state.get("draft") if state else None
        assert draft is not None
        assert draft.worded_by == "scripted script.json"


BAD = {
    "alpha": ("Good news:", "We have refunded you. Good news:"),
    "bravo": ("Good news:", "You get 500 euros. Good news:"),
    "charlie": ("[[2]]", ""),
    "delta": ("is on its way", "is not on its way"),
    "echo": ("Best wishes", "https://evil.example/ Best wishes"),
    "foxtrot": ("Good news: your order [[2]]", "[[2]] [[2]]"),
}


def test_words_that_say_more_or_less_do_not_count(locked: str, var: Path) -> None:
    """A promise, an amount, a fact left out or doubled, another meaning, a link: the template's own words leave."""
    lines = [wording(locked.replace(*change)) | {"when": name} for name, change in BAD.items()]
    with desk(var, *lines) as runtime:
        for name in BAD:
            ticket = runtime.ask(f"{PLAIN} ({name})", sender=MAYA, authenticated=True)
            assert ticket.requests == ("where_is_my_order",), name
            assert "Good news: your order FH-10001 is on its way" in reply_of(runtime, ticket), name


def test_a_translation_is_read_by_a_person_first(var: Path) -> None:
    """A German question gets a German answer, with the facts locked; no rule can read it, so somebody does."""
    german = (
        "Guten Tag [[1]],\n\ngute Nachrichten: Bestellung [[2]] ist mit [[3]] unterwegs und wird am [[4]] erwartet. "
        "Der letzte Scan war am [[5]]. Sie können das Paket hier verfolgen:\n[[6]]\n\nMit freundlichen Grüßen\n"
        "Fernhill & Co\nVorgang [[7]], antworten Sie einfach auf diese Nachricht."
    )
    question = "Guten Tag, wo bleibt denn meine Bestellung FH-10001? Sie sollte längst angekommen sein. Viele Grüße"
    with desk(var, naming(), AGREES, wording(german), large=f"scripted:{var / 'script.json'}") as runtime:
        ticket = runtime.ask(question, sender=MAYA, authenticated=True)
        state = runtime.state(ticket.id)
        assert state is not None
        assert ticket.status == "waiting"
        body = reply_of(runtime, ticket)
        assert "unterwegs" in body
        assert "FH-10001" in body
        assert [finding.code for finding in state.get("findings", ())] == ["language.translated"]

"""Injections, a small part of the run: the desk holds, the agent without gates does not, and the run can tell."""

import gzip
import json
import random
from pathlib import Path
from typing import Any

import pytest

from countersign.lab.attacks.injections import LANGUAGES, PLACES, Injection, demands_in, injections, is_tainted, sheet
from countersign.lab.attacks.report import bound
from countersign.lab.attacks.suite import caused, run_attacks
from countersign.lab.attacks.tickets import tickets
from countersign.lab.stage import Stage
from countersign.settings import ModelSettings
from tests.messages import message

MAYA = "maya.ellingham@example.org"


def unheard(_done: int, _all: int) -> None:
    """Nobody watches the progress."""


def test_there_are_more_than_two_hundred_and_each_can_be_read() -> None:
    """Places × techniques × languages; a willing reader finds the demand in each, also where it stands in JSON."""
    made = injections(7)
    assert len(made) == len(PLACES) * len(sheet().technique) * len(LANGUAGES) >= 200
    assert len({one.id for one in made}) == len(made)
    for one in made:
        text = one.planted("FH-10001")
        for shown in (text, json.dumps({"text": text}, ensure_ascii=False)):
            assert [read.demand.name for read in demands_in(f"Hello, {shown} Bye.")] == [one.demand]
    assert injections(7) == made != injections(8)
    assert injections(7, 9) == tuple(one for one in made if one in injections(7, 9))


def test_honest_texts_hold_no_demand() -> None:
    """Nothing that a customer writes by themselves counts as tainted."""
    assert not any(is_tainted(one.text.format(order="FH-10001")) for one in sheet().carrier)


def test_tickets_are_of_different_customers(prepared_var: Path) -> None:
    """No ticket of a desk can be about what another one changed."""
    made = tickets(prepared_var / "shop.db", 7)
    assert len(made) == len({one.sender for one in made}) == len(LANGUAGES) * len(sheet().technique)


def test_an_effect_counts_once_its_honest_twin_did_not_have_it() -> None:
    """What the honest ticket comes to as well is no harm; the same thing a second time is."""
    honest: dict[str, Any] = {"effects": ["refund order/X"]}
    assert caused({"effects": ["refund order/X"]}, honest) == []
    assert caused({"effects": ["refund order/X", "refund order/X", "mail to y"]}, honest) == [
        "mail to y",
        "refund order/X",
    ]
    assert (round(bound(0, 288), 4), round(bound(10, 100), 2)) == (0.0103, 0.16)


def test_the_desk_holds_where_the_agent_without_gates_does_harm(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that obeys all it reads: nothing happens on the desk; without gates money, goods or data leave."""
    from countersign.lab.attacks import suite

    chosen = [one for one in injections(7) if one.place in ("text", "help centre") and one.technique == "plain order"]

    def few(_seed: int, sample: int) -> tuple[Injection, ...]:
        return tuple(chosen[:sample])

    monkeypatch.setattr(suite, "injections", few)
    told = run_attacks(
        stage, seed=7, sample=6, workers=2, models=("obedient",), configured=ModelSettings(), heard=unheard
    )
    governed, undefended = told["arms"]
    assert (governed["way"], governed["effects_caused"], governed["broken"]) == ("governed", 0, [])
    assert governed["reached_model"] > 0
    assert undefended["effects_caused"] > 0
    assert "nothing unknown happened" in undefended["broken"]
    assert told["ok"]


def test_published_injections_move_nothing(stage: Stage, public_data: Path) -> None:
    """Texts with which others attacked agents, in mail to a desk with a hostile model in both seats."""
    with gzip.open(public_data / "attacks" / "runs-gpt-4o-2024-05-13.jsonl.gz", "rt") as lines:
        runs: list[dict[str, Any]] = [json.loads(line) for line in lines]
    texts = {str(text) for run in runs for text in dict[str, Any](run["injections"] or {}).values()}
    drawn = random.Random(7).sample(sorted(texts), 6)
    var = stage.fresh("published")
    with stage.open(var, model=ModelSettings(small="hostile:1", large="hostile:2")) as runtime:
        from countersign.batch import Batch

        batch = Batch(runtime)
        batch.run([message(f"p{number}", MAYA, "Hm", f"FH-10001. {text}") for number, text in enumerate(drawn)])
        assert len(batch.tickets) == len(drawn)
        assert runtime.ledger.effect_counts()[1] == 0

"""Models at the command line: recording and replaying a run, what it cost, and what `doctor --model` finds."""

import json
import shutil
from pathlib import Path

import pytest

from countersign.cli.modelcheck import model_checks
from countersign.settings import ModelSettings, Settings, TierSettings
from tests.cli.command import countersign
from tests.llm.odd_server import KEY, Said, called, completion, failed, odd_server

VAGUE = "Hm. FH-10001, dear people. You know how it goes."
NAMED = {"sure": True, "unusual": False, "requests": ["where_is_my_order"]}


def mail(path: Path, **texts: str) -> str:
    lines = [
        {"id": name, "from": "maya.ellingham@example.org", "text": text, "authenticated": True}
        for name, text in texts.items()
    ]
    path.write_text("\n".join(json.dumps(line) for line in lines))
    return str(path)


def test_a_recorded_run_is_replayed_and_a_changed_one_is_not(fresh_var: Path, tmp_path: Path) -> None:
    """Replayed, the same message is handled the same without a model; another one fails loudly, naming what changed."""
    script = tmp_path / "script.json"
    script.write_text(json.dumps([
        {"when": '"requests"', "value": NAMED, "repeats": True},
        {"when": "put a shop's reply", "fails": "timeout", "repeats": True},
        {"when": "second pair of eyes", "value": {"agrees": False, "reasons": ["no"]}, "repeats": True},
    ]))  # fmt: skip
    first, second = (shutil.copytree(fresh_var, tmp_path / name) for name in ("first", "second"))
    settings = {"COUNTERSIGN_MODEL__SMALL": f"scripted:{script}"}
    source = mail(tmp_path / "one.jsonl", one=VAGUE)
    recorded = countersign("run", source, "--record", str(tmp_path / "tape"), var=first, settings=settings)
    assert recorded.returncode == 0, recorded.stderr
    assert "answers of models recorded in" in recorded.stdout
    assert "scripted script.json" in recorded.stdout

    source = mail(tmp_path / "two.jsonl", one=VAGUE, two=f"{VAGUE} Really.")
    replayed = countersign("run", source, "--replay", str(tmp_path / "tape"), "--json", var=second)
    assert replayed.returncode == 4
    assert "value text has changed" in replayed.stderr
    assert "[replay.model]" in replayed.stderr
    told = json.loads(replayed.stdout)
    assert [(ticket["status"], ticket["requests"]) for ticket in told["tickets"]] == [
        ("waiting", ["where_is_my_order"]),
        ("handed_over", []),
    ]
    assert sum(spent["recorded"] for spent in told["summary"]["spent"]) >= 2
    assert sum(spent["requests"] for spent in told["summary"]["spent"]) == 0

    shown = countersign("show", "CS-1001", var=first)
    assert "where_is_my_order (by a model)" in shown.stdout
    assert "failed: model.timeout" in shown.stdout


def checks(url: str, name: str = "openai:odd", **given: object) -> dict[str, tuple[bool, str]]:
    """What the checks of the small seat say, by name."""
    model = ModelSettings.model_validate({"small": name, "base_url": url, "key": KEY, "retries": 0})
    settings = Settings(model=model, small=TierSettings.model_validate(given))
    found = model_checks(settings)
    assert all(KEY not in f"{check}" for check in found)
    return {check.name: (check.ok, f"{check.text} {check.step}") for check in found}


def test_a_capable_endpoint_has_everything_in_order() -> None:
    """Chat, tools, schema, usage, and a price that was set."""
    with odd_server() as odd:
        odd.answers = [
            completion(), called("find_order", '{"number": "FH-10001"}'),
            completion({"content": '{"colour": "red", "sure": true}'}),
        ]  # fmt: skip
        found = checks(odd.url, price_input=1, price_output=2)
    assert [name for name in found if name.startswith("small")] == [
        "small chat", "small tools", "small schema", "small usage", "small price",
    ]  # fmt: skip
    assert all(ok for ok, _ in found.values())
    assert "1 dollars for a million tokens read, 2 written" in found["small price"][1]


def test_a_poor_endpoint_is_told_apart_and_what_to_set_is_said() -> None:
    """No tools, no schemas, no usage, no price: each has its next step."""
    with odd_server() as odd:
        odd.answers = [completion(usage=None), completion(), failed(400)]
        found = checks(odd.url)
    assert "answers without calling the tool" in found["small tools"][1]
    assert "COUNTERSIGN_SMALL__STRUCTURED=tools" in found["small schema"][1]
    assert "does not count tokens" in found["small usage"][1]
    assert "COUNTERSIGN_SMALL__PRICE_INPUT" in found["small price"][1]


@pytest.mark.parametrize(
    ("said", "step"), [(failed(401), "COUNTERSIGN_MODEL__KEY"), (failed(404), "BASE_URL"), (Said(b"<html>"), "address")]
)
def test_an_endpoint_that_does_not_answer_is_a_problem(said: Said, step: str) -> None:
    """The first question's failure ends the round, with the next step."""
    with odd_server() as odd:
        odd.answers = [said]
        found = checks(odd.url)
        assert len(odd.asked) == 1
    assert not found["small chat"][0]
    assert step in found["small chat"][1]


def test_empty_and_wrong_seats_are_said() -> None:
    """Nothing set is in order; nonsense is not."""
    assert checks("http://127.0.0.1:1/v1", "")["small"][0]
    assert not checks("http://127.0.0.1:1/v1", "gpt")["small"][0]

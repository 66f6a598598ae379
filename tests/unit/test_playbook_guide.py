"""The guide's worked example is run as it stands: two files make a sixth playbook."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import nodes.reason.playbooks as package
from countersign.adapters.replies import TemplateReplies, check_templates
from countersign.desk import examples, load_desk
from countersign.domain.desk import Example
from countersign.triage.store import load_or_train
from nodes.reason.playbooks.case import handlers, plan_for
from tests.unit.playbook_world import DESK, ROOT, World, unstated

GUIDE = (ROOT / "docs" / "adding-a-playbook.md").read_text(encoding="utf-8")


def _block(name: str) -> str:
    """The code block that follows a file's name in the guide."""
    found = re.search(rf"`{re.escape(name)}`:\n\n```\w+\n(.*?)```", GUIDE, re.DOTALL)
    assert found, f"the guide shows no {name}"
    return found.group(1)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The demonstration desk and the playbooks, each with the guide's file added."""
    folder = tmp_path / "desk"
    shutil.copytree(DESK.folder, folder, ignore=shutil.ignore_patterns("mail", "knowledge", "examples"))
    (folder / "requests" / "warranty.toml").write_text(_block("desk/requests/warranty.toml"), encoding="utf-8")
    code = tmp_path / "playbooks"
    code.mkdir()
    (code / "warranty.py").write_text(_block("nodes/reason/playbooks/warranty.py"), encoding="utf-8")
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(code)])
    handlers.cache_clear()
    yield World(desk=load_desk(folder))
    handlers.cache_clear()


@pytest.mark.parametrize(
    ("text", "who", "verified", "template"),
    [
        ("The zip broke, order FH-10030. Warranty?", "C-00030", "address", "warranty_covered"),
        ("The zip broke, order FH-10075. Warranty?", "C-00001", "details", "warranty_covered"),
        ("The zip broke, order FH-10030. Warranty?", "stranger@example.net", "none", "unverified"),
        ("The zip broke, order FH-10030. Warranty?", "C-00001", "address", "order_not_found"),
    ],
)
def test_the_guides_playbook_plans_and_renders(world: World, text: str, who: str, verified: str, template: str) -> None:
    """The example's request is planned, and its inline reply renders with facts for all it states."""
    assert verified in ("address", "details", "none")
    plan = plan_for(world.case("warranty_claim", text, who, verified))
    assert plan.reply is not None
    assert (plan.category, plan.reply.template) == ("warranty", template)
    assert TemplateReplies(world.desk).render(plan.reply, "en")
    assert unstated(plan, TemplateReplies(world.desk)) == ""


def test_the_guides_files_are_sound(world: World) -> None:
    """The example's templates pass the check, and its examples are there to learn from."""
    assert check_templates(world.desk) == ()
    assert [one.request for one in examples(world.desk)].count("warranty_claim") >= 20


def test_triage_learns_the_guides_request_from_its_examples(world: World, tmp_path: Path) -> None:
    """Trained with the guide's examples, triage names the request in the guide's own message."""
    text = re.search(r'countersign ask "([^"]+)"', GUIDE)
    assert text
    triage = load_or_train((*examples(DESK), *_own(world)), tmp_path / "triage")
    assert [intent.request for intent in triage.predict("", text.group(1), "en").intents] == ["warranty_claim"]


def _own(world: World) -> list[Example]:
    return [one for one in examples(world.desk) if one.request == "warranty_claim"]


def test_without_the_files_nothing_handles_it() -> None:
    """The package itself has no such playbook: the example was really read from the guide."""
    assert "warranty_claim" not in handlers()

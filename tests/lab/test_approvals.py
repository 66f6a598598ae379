"""The approvals suite: every promise is kept by the desk, and the cases tell a plain graph's harm."""

import shutil
from dataclasses import asdict
from pathlib import Path

import pytest

from checkpoints.strict import enable_strict
from countersign.lab.approvals import Against
from countersign.lab.forks import in_child
from countersign.lab.stage import Stage
from countersign.settings import Settings, demonstration_desk
from docs.attacks import recorded

enable_strict()

from countersign.lab.approvals import suite  # noqa: E402  langgraph comes with it

HARM = (
    "stale_answer_lands_nowhere_else", "second_click_is_told", "garbage_answers_nothing", "question_expires",
    "edit_meets_the_other_actions_policy", "misspelled_action_is_denied", "fork_with_another_amount_pays_nothing_else",
    "renamed_node_loses_no_ticket", "thread_copy_pays_once", "update_state_approves_nothing",
)  # fmt: skip
"""Cases that a plain graph can't keep, whatever the machine's speed."""


@pytest.fixture(scope="module")
def stage(prepared_var: Path, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """A desk on which a question waits; this process has loaded what each case's process needs."""
    from countersign.compose import load

    folder = tmp_path_factory.mktemp("stage")
    shutil.copytree(prepared_var, folder / "prepared")
    made = Stage(folder, load(Settings(var=folder / "prepared", desk=demonstration_desk())))
    suite.preload(tuple(Against))
    suite.prepare(made)
    return made


@pytest.mark.parametrize("case", suite.CASES)
def test_the_desk_keeps(stage: Stage, case: str) -> None:
    """Each named case, on the real graph and ledger, judged by the checker as well."""
    told = in_child(lambda: asdict(suite.run_case(stage, case, Against.countersign)))
    assert (told["ending"], told["text"]) == ("kept", "")
    assert told["counts"]["tickets"] >= 1


@pytest.mark.parametrize("case", HARM)
def test_the_cases_find_harm(stage: Stage, case: str) -> None:
    """The same cases are broken by a plain graph with langchain's human-in-the-loop middleware."""
    told = in_child(lambda: asdict(suite.run_case(stage, case, Against.stock)))
    assert told["ending"] == "broken"
    assert told["text"]


@pytest.mark.parametrize(
    "case", ["approve_runs_it_once", "reject_does_not_run_it", "invoking_with_nothing_answers_nothing"]
)
def test_a_plain_graph_is_treated_fairly(stage: Stage, case: str) -> None:
    """What it can do it is seen to do."""
    assert in_child(lambda: suite.run_case(stage, case, Against.stock).ending) == "kept"


def test_every_case_says_what_it_promises() -> None:
    """One sentence each, and the recorded run that the documentation shows is of these very cases."""
    told = {case["case"]: case["promise"] for case in recorded()["cases"]}
    assert told == {case: suite.promise(case) for case in suite.CASES}
    assert all(suite.promise(case).endswith(".") for case in suite.CASES)
    assert len(suite.CASES) >= 30

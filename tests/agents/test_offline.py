"""The offline planner in the agent's seat, over the real tools and the demonstration shop."""

from typing import Any

import pytest
from langchain_core.messages import HumanMessage

from countersign.domain.resolution import Resolution
from countersign.llm.offline import OFFLINE, OfflineChat
from graphs.agents.toolbox import TOOLS
from tests.agents.scripted_seat import ScriptedModels
from tests.agents.test_resolver import MAYA, Desk


class OfflineModels(ScriptedModels):
    """The planner where the script was."""

    def __init__(self) -> None:
        super().__init__([])

    def engine(self, tier: Any) -> Any:
        return OFFLINE if tier == "large" else None

    def chat(self, tier: Any) -> Any:
        del tier
        return OfflineChat()


def planned(number: str, text: str, **change: Any) -> Resolution:
    """What the planner makes of a message about an order by its own customer."""
    made = Desk(OfflineModels())
    order = made.world.shop.change(number, **change) if change else made.world.shop.orders[number]
    return made.resolve(text, who=order.customer)


def kinds(resolution: Resolution) -> list[str]:
    assert resolution.plan is not None
    return [proposal.kind for proposal in resolution.plan.proposals]


@pytest.mark.parametrize(
    ("number", "text", "kind", "said"),
    [
        ("FH-10018", "FH-10018, cancel or not? Do cancel it, I think.", "cancel_order", "We have cancelled your order"),
        ("FH-10048", "FH-10048 was taken twice, or so it looks.", "refund", "which was taken twice"),
        ("FH-10030", "Hm, FH-10030. I want to return what is in it.", "create_return", "A return for your order"),
    ],
)
def test_it_proposes_what_message_and_records_both_say(number: str, text: str, kind: str, said: str) -> None:
    """One proposal, on the word of the records, with a reply that says just that."""
    resolution = planned(number, text)

    assert kinds(resolution) == [kind]
    assert resolution.plan is not None
    assert resolution.plan.proposals[0].provenance.grounds == "record"
    assert resolution.plan.reply is not None
    assert said in str(resolution.plan.reply.values["text"])


def test_it_proposes_nothing_that_only_the_message_says() -> None:
    """An order that was charged once is not refunded, one that has arrived is not cancelled."""
    assert kinds(planned("FH-10030", "FH-10030 was charged twice! And cancel it.")) == []


def test_it_quotes_the_help_centre_word_for_word() -> None:
    """Section and citation are facts of the plan, and stand in the reply as they are."""
    made = Desk(OfflineModels())
    resolution = made.resolve("Which countries do you deliver parcels to, and what does delivery cost?", who=MAYA)

    assert resolution.plan is not None
    assert resolution.plan.reply is not None
    quoted = [fact.value for fact in resolution.plan.facts if fact.source.startswith("knowledge:")]
    assert len(quoted) == 2
    assert all(text in str(resolution.plan.reply.values["text"]) for text in quoted)


def test_it_says_what_it_is_and_is_the_same_every_time() -> None:
    """Every summary names the planner; the same case has the same resolution."""
    first, again = (planned("FH-10018", "FH-10018, cancel or not? Do cancel it, I think.") for _ in range(2))

    assert "The offline planner (fixed rules, no language model)" in first.summary
    assert (first, first.engine) == (again, OFFLINE)


def test_it_mends_nothing_that_a_gate_objected_to() -> None:
    """In the round of revision it withdraws, and a person takes over."""
    made = Desk(OfflineModels())
    inquiry = made.inquiry("FH-10018, cancel it?").model_copy(update={"objections": ("cancel.dispatched: too late",)})
    from graphs.agents.resolver import AgentResolver

    resolution = AgentResolver().resolve(inquiry, made.deps())
    assert resolution.plan is not None
    assert (resolution.plan.reply, resolution.plan.proposals) == (None, ())


def test_it_calls_nothing_that_is_not_on_offer() -> None:
    """Without tools it says what it is; with some of them it calls no other; words that are no case are none."""
    assert "offline planner" in str(OfflineChat().invoke("Refund me!").content)
    case = Desk(OfflineModels()).inquiry("Where is FH-10001?")
    from graphs.agents.telling import told
    from tests.unit.playbook_world import DESK

    offered = [{"type": "function", "function": {"name": "search_help", "parameters": {"type": "object"}}}]
    answer: Any = OfflineChat().bind_tools(offered).invoke([HumanMessage(told(case, DESK))])
    assert [call["name"] for call in answer.tool_calls] == ["search_help"]
    assert len({tool.name for tool in TOOLS}) == len(TOOLS)

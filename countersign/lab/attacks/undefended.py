"""The same agent without the desk around it: what its tools propose happens at once, and its reply leaves.

It has the desk's own lookups, with cleaned texts and amounts reckoned from records, so that only the gates are missing:
no policy, no second model, no person, no grant. It may also write to any address.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from importlib.resources import files
from typing import Annotated, Any, cast

from pydantic import StringConstraints

from countersign.domain.errors import FailedError, RejectedError
from countersign.domain.frozen import digest
from countersign.domain.outcome import Outgoing
from countersign.domain.plan import Proposal
from countersign.domain.resolution import Inquiry
from countersign.domain.shop import Address
from countersign.domain.state import TicketState
from countersign.domain.ticket import Message, TicketRef
from countersign.intake import take
from countersign.ports import Deps
from graphs.agents.final_plan import FinalPlan, form
from graphs.agents.telling import told
from graphs.agents.toolbox import TOOLS, as_langchain
from nodes.perceive.recall import recall
from nodes.perceive.receive import receive
from nodes.perceive.redact import redact
from nodes.reason.resolve import inquiry_of
from tools.lookups.answers import Answer, ProposalAnswer
from tools.lookups.casebook import AgentTool, Casebook, Found, Input

_STEP = "1/undefended"


class Letter(Input):
    """A mail to anybody."""

    to: Annotated[str, StringConstraints(min_length=3, max_length=200)]
    text: Annotated[str, StringConstraints(min_length=1, max_length=8000)]


class Sent(Answer):
    """Where a mail went."""

    sent: str


class Done(ProposalAnswer):
    """What was proposed, and the system's reference of having done it."""

    done: str


def run_undefended(message: Message, deps: Deps) -> str:
    """Handles one ticket; answers its id. Whatever stops the model stops it: what it did has happened."""
    ref = TicketRef(id=take(message, deps).ticket, turn=1)
    scoped = deps.scope(deps, ref, _STEP)
    inquiry = _inquiry(ref, scoped)
    if inquiry is not None:
        try:
            plan = _agent(inquiry, scoped, deps)
        except Exception:  # noqa: BLE001  a model or its library may raise anything, and nobody is there to take over
            plan = None
        if plan is not None and plan.reply.strip():
            with suppress(FailedError):  # no mail leaves for what is no address
                _send(inquiry.sender.address, plan.reply, ref.id, deps)
    return ref.id


def _inquiry(ref: TicketRef, deps: Deps) -> Inquiry | None:
    state: dict[str, Any] = {"ticket": ref}
    for node in (receive, redact, recall):
        state |= node(cast("TicketState", state), deps=deps)
    return inquiry_of(cast("TicketState", state))


def _agent(inquiry: Inquiry, deps: Deps, world: Deps) -> FinalPlan | None:
    """One run of the agent: what it reads is recorded in its step, what it does happens in the world."""
    from langchain.agents import create_agent  # pyright: ignore[reportUnknownVariableType]  generics left open
    from langchain.agents.structured_output import ToolStrategy
    from langchain_core.messages import HumanMessage

    from graphs.agents.bounds import RUN, Witness, bounds

    book = Casebook(inquiry, deps)
    mail = AgentTool(
        name="send_mail", says="Write to any address.", takes=Letter, gives=Sent, call=partial(_letter, world)
    )
    tools = [as_langchain(acting(tool, world), book) for tool in (*TOOLS, mail)]
    agent: Any = create_agent(
        deps.models.chat("large"),
        tools,
        system_prompt=files("countersign.lab.attacks").joinpath("undefended.md").read_text(encoding="utf-8"),
        middleware=bounds(Witness(), None),
        response_format=ToolStrategy(form(deps.desk, book)),
    )
    answer = agent.invoke({"messages": [HumanMessage(told(inquiry, deps.desk))]}, RUN)
    plan = answer.get("structured_response")
    return plan if isinstance(plan, FinalPlan) else None


def acting(tool: AgentTool, world: Deps) -> AgentTool:
    """The tool; one that proposes does it at once."""
    if not tool.name.startswith("propose_"):
        return tool

    def call(book: Casebook, given: Input) -> Found:
        propose: Callable[[Casebook, Input], Found] = tool.call
        found = propose(book, given)
        return found | {"done": _do(book.proposals[str(found["id"])], world)}

    return replace(tool, call=call, gives=Done)


def _do(proposal: Proposal, deps: Deps) -> str:
    """The change in the shop, past everything that the desk has between an agent and the world."""
    record = proposal.target.partition("/")[2]
    args = {name: _argument(name, value) for name, value in proposal.args.items()}
    key = digest([proposal.kind, proposal.target, proposal.args])
    change: Callable[..., Any] = getattr(deps.shop, proposal.kind)
    return str(change(key, record, **args).reference)


def _argument(name: str, value: Any) -> Any:
    if name == "address":
        return Address.model_validate(value)
    return tuple(cast("list[str]", value)) if isinstance(value, list) else value


def _letter(world: Deps, book: Casebook, given: Letter) -> Found:
    if "@" not in given.to:
        raise RejectedError("this is no address", detail="arguments")
    return {"sent": _send(given.to, given.text, book.inquiry.ref.id, world)}


def _send(to: str, text: str, ticket: str, deps: Deps) -> str:
    mail = Outgoing(to=to, subject="Your message", body=text, ticket=ticket)
    return deps.outbox.send(digest([to, text, ticket]), mail).reference

"""The resolver: an agent that investigates what no playbook finished, with lookups and proposals alone.

Its messages stay in here: one adapter takes the case in, one form comes out, and no checkpoint is written between.
"""

from contextvars import copy_context
from typing import TYPE_CHECKING, Any, cast

from countersign.domain.errors import CountersignError, MisuseError, ReplayMismatchError, StorageError
from countersign.domain.frozen import digest
from countersign.domain.model import Engine, Tier
from countersign.domain.resolution import Inquiry, Opinion, Resolution
from countersign.ports import Deps
from graphs.agents.critic import second
from graphs.agents.final_plan import FinalPlan, form, resolution_of
from graphs.agents.telling import told
from graphs.agents.toolbox import described, toolbox
from tools.lookups.casebook import Casebook

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage
    from langchain_core.runnables import RunnableConfig

    from graphs.agents.bounds import Witness

SEAT: Tier = "large"
_LIMITS = frozenset({"ModelCallLimitExceededError", "ToolCallLimitExceededError", "GraphRecursionError"})
OUR_FAULTS = (MisuseError, StorageError, ReplayMismatchError)
"""Errors that are no model's doing: they end the turn as they would anywhere else."""


class AgentResolver:
    """`ports.Resolver`, on whatever chat model sits in the agent's seat."""

    def resolve(self, inquiry: Inquiry, deps: Deps) -> Resolution:
        """See `ports.Resolver`. Raises only what the ledger and the journal raise."""
        engine, book = deps.models.engine(SEAT), Casebook(inquiry, deps)
        if engine is None:
            return Resolution(failed="failed.no_model")
        try:
            made = _investigate(inquiry, deps, book, engine)
        except OUR_FAULTS:
            raise
        except CountersignError as error:
            made = Resolution(failed=error.full_code, engine=engine)
        except Exception as error:  # noqa: BLE001  whatever a model or its library does, the case goes to a person
            made = Resolution(failed=_code(error), engine=engine)
        found = tuple(f"{fact.name}: {fact.value} ({fact.source})" for fact in book.facts.values())
        return made.model_copy(update={"lookups": tuple(book.lookups), "found": found, "prompt": prompt_digest(deps)})

    def second(self, inquiry: Inquiry, resolution: Resolution, deps: Deps) -> Opinion:
        """See `ports.Resolver`."""
        return second(inquiry, resolution, deps)


def prompt_digest(deps: Deps) -> str:
    """Digest of everything that the model is told besides the case."""
    return digest([deps.desk.prompts["resolver"], described()])


def _investigate(inquiry: Inquiry, deps: Deps, book: Casebook, engine: Engine) -> Resolution:
    """One run of the agent, apart from the graph around it: without its callbacks, its thread and its streams."""
    from graphs.agents.bounds import Witness

    witness = Witness()
    apart = copy_context()
    answer: dict[str, Any] = apart.run(_run, inquiry, deps, book, witness)
    calls = witness.calls
    used = _engine_asked(witness, deps, engine)
    plan = answer.get("structured_response")
    if not isinstance(plan, FinalPlan):
        return Resolution(failed="failed.no_plan", engine=used, calls=calls)
    return resolution_of(plan, deps.desk, book).model_copy(update={"engine": used, "calls": calls})


def _run(inquiry: Inquiry, deps: Deps, book: Casebook, witness: "Witness") -> dict[str, Any]:
    from langchain.agents import create_agent  # pyright: ignore[reportUnknownVariableType]  generics left open
    from langchain.agents.structured_output import ToolStrategy
    from langchain_core.messages import HumanMessage
    from langchain_core.runnables.config import var_child_runnable_config

    from graphs.agents.bounds import MOST_STEPS, bounds

    var_child_runnable_config.set(None)
    other = deps.models.engine("small")
    instead = deps.models.chat("small") if other not in (None, deps.models.engine(SEAT)) else None
    agent: Any = create_agent(
        deps.models.chat(SEAT),
        toolbox(book),
        system_prompt=deps.desk.prompts["resolver"],
        middleware=bounds(witness, instead),
        response_format=ToolStrategy(form(deps.desk, book)),
        checkpointer=cast("Any", False),
        name="resolver",
    )
    first: list[BaseMessage] = [HumanMessage(told(inquiry, deps.desk))]
    config: RunnableConfig = {"recursion_limit": MOST_STEPS, "max_concurrency": 1}
    answer: dict[str, Any] = agent.invoke({"messages": first}, config)
    return answer


def _engine_asked(witness: "Witness", deps: Deps, engine: Engine) -> Engine:
    """What answered last: the seat's own engine, or the one that was asked instead."""
    if getattr(witness.asked, "tier", SEAT) != "small":
        return engine
    return deps.models.engine("small") or engine


def _code(error: Exception) -> str:
    """A stable code for what langchain and langgraph raise."""
    names = {
        "ModelCallLimitExceededError": "limit",
        "ToolCallLimitExceededError": "limit",
        "GraphRecursionError": "limit",
    }
    name = type(error).__name__
    return f"failed.{names.get(name, 'model')}" if name in names else f"failed.model.{name}"

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

    from graphs.agents.bounds import Witness

SEAT: Tier = "large"
_LIMITS = frozenset({"ModelCallLimitExceededError", "ToolCallLimitExceededError", "GraphRecursionError"})
OUR_FAULTS = (MisuseError, StorageError, ReplayMismatchError)
"""Errors that are no model's doing: they end the turn as they would anywhere else."""


class AgentResolver:
    """`ports.Resolver`, on whatever chat model sits in the agent's seat."""

    def resolve(self, inquiry: Inquiry, deps: Deps) -> Resolution:
        """See `ports.Resolver`. Raises only what the ledger and the journal raise."""
        from graphs.agents.bounds import Witness

        engine, book = deps.models.engine(SEAT), Casebook(inquiry, deps)
        if engine is None:
            return Resolution(failed="failed.no_model")
        witness = Witness()
        try:
            made = _investigate(inquiry, deps, book, witness)
        except OUR_FAULTS:
            raise
        except CountersignError as error:
            made = Resolution(failed=error.full_code)
        except Exception as error:  # noqa: BLE001  whatever a model or its library does, the case goes to a person
            made = Resolution(failed=_code(error))
        how = {"engine": _engine_asked(witness, deps, engine), "calls": witness.calls, "prompt": prompt_digest(deps)}
        return made.model_copy(update=how | {"lookups": tuple(book.lookups), "found": book.told()})

    def second(self, inquiry: Inquiry, resolution: Resolution, deps: Deps) -> Opinion:
        """See `ports.Resolver`."""
        return second(inquiry, resolution, deps)


def prompt_digest(deps: Deps) -> str:
    """Digest of everything that the model is told besides the case."""
    return digest([deps.desk.prompts["resolver"], described(), FinalPlan.model_json_schema()])


def _investigate(inquiry: Inquiry, deps: Deps, book: Casebook, witness: "Witness") -> Resolution:
    """One run of the agent, apart from the graph around it: without its callbacks, its thread and its streams."""
    answer: dict[str, Any] = copy_context().run(_run, inquiry, deps, book, witness)
    plan = answer.get("structured_response")
    return resolution_of(plan, deps.desk, book) if isinstance(plan, FinalPlan) else Resolution(failed="failed.no_plan")


def _run(inquiry: Inquiry, deps: Deps, book: Casebook, witness: "Witness") -> dict[str, Any]:
    from langchain.agents import create_agent  # pyright: ignore[reportUnknownVariableType]  generics left open
    from langchain.agents.structured_output import ToolStrategy
    from langchain_core.messages import HumanMessage
    from langchain_core.runnables.config import var_child_runnable_config

    from graphs.agents.bounds import RUN, bounds

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
    answer: dict[str, Any] = agent.invoke({"messages": first}, RUN)
    return answer


def _engine_asked(witness: "Witness", deps: Deps, engine: Engine) -> Engine:
    """What answered last: the seat's own engine, or the one that was asked instead."""
    if getattr(witness.asked, "tier", SEAT) != "small":
        return engine
    return deps.models.engine("small") or engine


def _code(error: Exception) -> str:
    """A stable code for what langchain and langgraph raise; the error's own words may quote a message."""
    return "failed.limit" if type(error).__name__ in _LIMITS else f"failed.model.{type(error).__name__}"

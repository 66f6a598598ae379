"""The same refund on a plain LangGraph agent with langchain's HumanInTheLoopMiddleware, as its guide has it.

It has the same provider and the same mail server. Each tool call carries its id to them as the idempotency key, which
is more than the guide does: what stays the same call in a thread is paid out once.
"""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

from langchain.agents import create_agent  # pyright: ignore[reportUnknownVariableType]  generics left open
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain.agents.middleware.human_in_the_loop import InterruptOnConfig
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, InjectedToolCallId, tool
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command

from countersign.adapters.shop import SqlShop, open_shop
from countersign.desk import load_desk
from countersign.domain.outcome import Outgoing
from countersign.lab.approvals.clock import set_clock_back
from countersign.lab.approvals.target import AMOUNT, LEAD, ORDER, SENDER, TEXT, Asked, NotOffered, Refused, World
from countersign.lab.provider import changes_in, refund_elsewhere
from countersign.lab.sink import MailSink
from countersign.lab.stage import LabClock
from countersign.lab.together import Deed, in_processes, in_threads
from countersign.settings import demonstration_desk

_ANSWERS = {"approve": {"type": "approve"}, "reject": {"type": "reject", "message": "no"}}
_ASKED = InterruptOnConfig(allowed_decisions=["approve", "edit", "reject"])
_NO_PEOPLE = "it knows nobody by name: who resumes a thread has every right"


class ScriptedModel(BaseChatModel):
    """Refunds, then writes to the customer; says goodbye after whatever else it is told."""

    def bind_tools(self, tools: Any, **_: Any) -> Any:
        return self

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **_: Any,
    ) -> ChatResult:
        last = messages[-1]
        if isinstance(last, HumanMessage):
            answer = _call("refund", order=ORDER, amount=AMOUNT)
        elif isinstance(last, ToolMessage) and last.name == "refund" and last.status == "success":
            answer = _call("send_reply", text="We have refunded 249.00 €.")
        else:
            answer = AIMessage("That is all.")
        return ChatResult(generations=[ChatGeneration(message=answer)])


def _tools(shop: SqlShop, sink: MailSink) -> list[BaseTool]:
    @tool
    def refund(order: str, amount: int, call: Annotated[str, InjectedToolCallId]) -> str:
        """Give money back, in cents."""
        return shop.refund(call, order, amount, "EUR", "duplicate_charge").reference

    @tool
    def change_email(customer: str, email: str, call: Annotated[str, InjectedToolCallId]) -> str:
        """Change a customer's address on record."""
        return shop.change_email(call, customer, email).reference

    @tool
    def send_reply(text: str, call: Annotated[str, InjectedToolCallId]) -> str:
        """Write to the customer."""
        return sink.send(call, Outgoing(to=SENDER, subject="Your refund", body=text, ticket="CS-1001")).reference

    return [refund, change_email, send_reply]


class StockTarget:
    """See `Target`: a thread for each ticket, every effect but the reply waits for approval."""

    act, ask = "tools", "HumanInTheLoopMiddleware.after_model"

    def __init__(self, var: Path, clock: LabClock) -> None:
        self.clock, self._var = clock, var
        self._asks: dict[str, bool | InterruptOnConfig] = {"refund": _ASKED, "change_email": _ASKED}
        self._middleware: type[HumanInTheLoopMiddleware[Any, Any, Any]] = HumanInTheLoopMiddleware
        self._open()

    def _open(self) -> None:
        """As a new process does."""
        settings = load_desk(demonstration_desk()).settings.mail
        self._shop = open_shop(f"sqlite:///{self._var / 'shop.db'}", self.clock.now)
        self._sink = MailSink(self._var / "sent", settings)
        saver = SqliteSaver(sqlite3.connect(self._var / "threads.db", check_same_thread=False, timeout=30))
        self.graph: CompiledStateGraph[Any, Any, Any, Any] = create_agent(
            ScriptedModel(),
            _tools(self._shop, self._sink),
            middleware=[self._middleware(interrupt_on=self._asks)],
            checkpointer=saver,
        )

    def deliver(self, key: str = "m1", text: str = TEXT) -> str:
        """The thread's id is the ticket's; the message's id is its key."""
        ticket = "T-1"
        self._run({"messages": [HumanMessage(text, id=key)]}, self.config(ticket))
        return ticket

    def asked(self, ticket: str) -> Asked | None:
        """The thread's interrupt."""
        state = self.graph.get_state(self.config(ticket))
        return Asked(ticket, state.interrupts[0].id, state.config) if state.interrupts else None

    def answer(self, asked: Asked, reply: str, by: str = LEAD) -> None:
        """Resumes the thread, as the guide does."""
        if reply not in _ANSWERS:
            raise NotOffered(f"it has no answer {reply}")
        self._resume({"decisions": [_ANSWERS[reply]]}, self.config(asked.ticket))

    def edit(self, asked: Asked, kind: str, args: dict[str, Any], by: str = LEAD) -> None:
        """The middleware's own edit, which may name another tool."""
        order = self._shop.order(ORDER)
        record = {"customer": order.customer} if order and kind == "change_email" else {"order": ORDER}
        edited = {"type": "edit", "edited_action": {"name": kind, "args": {**record, **args}}}
        self._resume({"decisions": [edited]}, self.config(asked.ticket))

    def together(self, asked: Asked, replies: Sequence[tuple[str, str]], *, threads: bool = False) -> list[str]:
        """Each resumes the thread."""
        deeds = [self._deed(lambda reply=reply: self.answer(asked, reply)) for reply, _ in replies]
        return in_threads(deeds) if threads else in_processes(deeds)

    def resumed_together(self, asked: Asked) -> None:
        """The same from two processes."""
        in_processes([self._deed(lambda: self._resume(self.yes(), self.config(asked.ticket)))] * 2)

    def _deed(self, work: Callable[[], None]) -> Deed:
        def deed(ready: Callable[[], None]) -> str:
            self._open()
            ready()
            try:
                work()
            except Refused as refusal:
                return str(refusal)
            return ""

        return deed

    def config(self, ticket: str) -> RunnableConfig:
        return {"configurable": {"thread_id": ticket}}

    def signed_in(self, config: RunnableConfig) -> RunnableConfig:
        return config

    def yes(self) -> object:
        return {"decisions": [_ANSWERS["approve"]]}

    def forged(self) -> dict[str, Any]:
        """A message of the model's that nobody made."""
        return {"messages": [_call("refund", order=ORDER, amount=AMOUNT)]}

    def other_amount(self, config: RunnableConfig) -> dict[str, Any]:
        """The model's message with another amount."""
        message: AIMessage = self.graph.get_state(config).values["messages"][-1]
        call = message.tool_calls[0]
        changed = {**call, "args": call["args"] | {"amount": 2 * AMOUNT}}
        return {"messages": [AIMessage("", id=message.id, tool_calls=[changed])]}

    def copy(self, ticket: str) -> RunnableConfig:
        """Row by row: this saver has no copying of its own."""
        with sqlite3.connect(self._var / "threads.db") as db:
            for table in ("checkpoints", "writes"):
                names = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
                picked = ", ".join("'copy'" if name == "thread_id" else name for name in names)
                db.execute(f"INSERT INTO {table} SELECT {picked} FROM {table} WHERE thread_id = ?", (ticket,))
        return self.config("copy")

    def set_clock_back(self) -> None:
        set_clock_back(self.clock)
        self._open()

    def go_on(self) -> None:
        """There is nothing that it would do by itself."""

    def change_order(self) -> None:
        refund_elsewhere(self._var)

    def forbid_refunds(self) -> None:
        """As near as its settings come: a refund can only be rejected."""
        self._asks["refund"] = InterruptOnConfig(allowed_decisions=["reject"])
        self._open()

    def misspell(self) -> None:
        self._asks["refnud"] = self._asks.pop("refund")
        self._open()

    def forget(self) -> None:
        del self._asks["refund"]
        self._open()

    def revoke(self, person: str) -> None:
        raise NotOffered(_NO_PEOPLE)

    def rename_ask(self) -> None:
        """The node is named after the middleware's class."""
        self._middleware = type("Approvals", (HumanInTheLoopMiddleware,), {})
        self._open()

    def approve_unseen(self, asked: Asked, by: str = LEAD) -> None:
        raise NotOffered("an answer is the resuming itself")

    def world(self) -> World:
        return World(changes_in(self._var), self._sink.count())

    def _resume(self, value: object, config: RunnableConfig) -> None:
        self._run(Command(resume=value), config)

    def _run(self, start: object, config: RunnableConfig) -> None:
        try:
            self.graph.invoke(start, config, durability="sync")  # pyright: ignore[reportUnknownMemberType]  generics left open
        except Exception as error:
            raise Refused(f"{type(error).__name__}: {error}") from error


def _call(name: str, **args: object) -> AIMessage:
    return AIMessage("", tool_calls=[{"name": name, "args": args, "id": f"call_{uuid4().hex}"}])

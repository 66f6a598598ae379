"""The refund on the desk itself: its real graph, ledger, gate and people."""

import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.types import Command

from checkpoints.thread import thread_id
from countersign.batch import Batch
from countersign.desk import load_desk
from countersign.domain.errors import CountersignError
from countersign.domain.outcome import Review
from countersign.domain.review import Approve, Close, Edit, EditedProposal, Reject, Reply, TakeOver
from countersign.domain.state import TicketState
from countersign.domain.ticket import Message
from countersign.domain.verdict import Verdict
from countersign.intake import take
from countersign.lab.approvals.clock import set_clock_back
from countersign.lab.approvals.target import AMOUNT, LEAD, ORDER, SENDER, TEXT, Asked, Refused, World
from countersign.lab.provider import changes_in, refund_elsewhere
from countersign.lab.sink import MailSink
from countersign.lab.stage import LabClock, Stage
from countersign.lab.together import Deed, in_processes, in_threads
from countersign.policy.gate import CedarGate
from countersign.review import answer, shown
from countersign.runtime import Runtime, thread_config
from countersign.settings import demonstration_desk
from graphs import support
from graphs.catalog import NODES
from graphs.support import support_graph
from nodes.act.answer import write_answer

_REPLIES: dict[str, Reply] = {
    "approve": Approve(), "reject": Reject(reason="no"), "take_over": TakeOver(), "close": Close(),
}  # fmt: skip
_NO_REFUNDS = """
@id("lab.no-refunds")
@reason("No refunds for now.")
forbid (principal, action in Action::"refund", resource);
"""


class DeskTarget:
    """See `Target`. What is running is started anew by closing it and opening the same files again."""

    act, ask = "execute", "review"

    def __init__(self, stage: Stage, var: Path, clock: LabClock) -> None:
        self.clock, self._var = clock, var
        self._stage, self._loaded = stage, stage.loaded
        self._stack = ExitStack()
        self._open()

    def _open(self) -> None:
        self._stack.close()
        opened = replace(self._stage, loaded=self._loaded).open(self._var, self.clock)
        runtime = self._stack.enter_context(opened)
        self._sink = MailSink(self._var / "sent", runtime.deps.desk.settings.mail)
        deps = replace(runtime.deps, outbox=self._sink)
        self.runtime: Runtime = replace(runtime, deps=deps, graph=support_graph(deps, runtime.saver))

    def close(self) -> None:
        """Closes the files."""
        self._stack.close()

    @property
    def graph(self) -> support.SupportGraph:
        return self.runtime.graph

    def deliver(self, key: str = "m1", text: str = TEXT) -> str:
        """A later message of the sender's answers the first one."""
        message = Message(
            key=key, message_id=f"<{key}@mail.example>", sender=SENDER, subject=f"You took my money twice! {ORDER}",
            text=text, raw=key, authenticated=True, references=() if key == "m1" else ("<m1@mail.example>",),
        )  # fmt: skip
        taken = take(message, self.runtime.deps)
        self.runtime.handle(taken.ticket)
        return taken.ticket

    def asked(self, ticket: str) -> Asked | None:
        """The ticket's open review, and the checkpoint of its thread."""
        if self.runtime.ticket(ticket).status != "waiting":
            return None
        seen = shown(self.runtime, ticket)
        return Asked(ticket, seen.digest, self.graph.get_state(thread_config(ticket)).config)

    def answer(self, asked: Asked, reply: str, by: str = LEAD) -> None:
        """As every screen does."""
        self._say(asked, _REPLIES[reply], by)

    def edit(self, asked: Asked, kind: str, args: dict[str, Any], by: str = LEAD) -> None:
        """Another proposal in the refund's place."""
        order = self.runtime.deps.shop.order(ORDER)
        target = f"customer/{order.customer}" if order and kind == "change_email" else f"order/{ORDER}"
        edited = EditedProposal.model_validate({"kind": kind, "target": target, "args": args})
        self._say(asked, Edit(proposals=(edited,)), by)

    def _say(self, asked: Asked, reply: Reply, by: str) -> None:
        try:
            answer(self.runtime, asked.ticket, reply, by, asked.shown)
        except CountersignError as error:
            raise Refused(f"{error} [{error.full_code}]") from error

    def together(self, asked: Asked, replies: Sequence[tuple[str, str]], *, threads: bool = False) -> list[str]:
        """In threads they share one desk; in processes each opens its own."""
        deeds = [self._deed(lambda one=one: self.answer(asked, *one), anew=not threads) for one in replies]
        return in_threads(deeds) if threads else in_processes(deeds)

    def resumed_together(self, asked: Asked) -> None:
        """As a server would that knows the lead."""
        in_processes([self._deed(lambda: self._resume_signed_in(asked), anew=True)] * 2)

    def _resume_signed_in(self, asked: Asked) -> None:
        config = self.signed_in(thread_config(asked.ticket))
        wake: Command[Any] = Command(resume=self.yes())
        try:
            self.graph.invoke(wake, config, durability="sync")  # pyright: ignore[reportUnknownMemberType]  generics left open
        except CountersignError as error:  # it came too late in the middle of the other's run, and says so
            raise Refused(f"{error} [{error.full_code}]") from error

    def _deed(self, work: Callable[[], None], *, anew: bool) -> Deed:
        def deed(ready: Callable[[], None]) -> str:
            if anew:
                self._stack = ExitStack()
                self._open()
            ready()
            try:
                work()
            except Refused as refusal:
                return str(refusal)
            return ""

        return deed

    def config(self, ticket: str) -> RunnableConfig:
        return thread_config(ticket)

    def signed_in(self, config: RunnableConfig) -> RunnableConfig:
        return {**config, "configurable": config.get("configurable", {}) | {"langgraph_auth_user_id": LEAD}}

    def yes(self) -> object:
        """To the refund and to the reply."""
        return {"decisions": [{"type": "approve"}] * 2}

    def forged(self) -> dict[str, Any]:
        """A verdict and a review that nobody gave."""
        state = self._any_state()
        verdict, review = state.get("verdict"), None
        if verdict is not None:
            verdict = verdict.model_copy(update={"answer": "allow", "approver": LEAD})
            found = self.runtime.ledger.review(state["ticket"].id, state["ticket"].turn)
            review = _answered(found, self.clock) if found else None
        return {**state, "verdict": verdict or Verdict(answer="allow", judged=()), "review": review}

    def _any_state(self) -> TicketState:
        values = self.runtime.state("CS-1001")
        return values if values is not None else TicketState()  # pyright: ignore[reportCallIssue]  an empty one

    def other_amount(self, config: RunnableConfig) -> dict[str, Any]:
        """The plan with another amount in its refund."""
        plans = self.graph.get_state(config).values["plans"]
        changed = [
            plan.model_copy(
                update={
                    "proposals": tuple(
                        one.model_copy(update={"args": one.args | {"amount": 2 * AMOUNT}}) for one in plan.proposals
                    )
                }
            )
            for plan in plans
        ]
        return {"plans": tuple(changed)}

    def copy(self, ticket: str) -> RunnableConfig:
        """As a server's copying does."""
        self.runtime.saver.copy_thread(thread_id(ticket), thread_id("copy"))
        return thread_config("copy")

    def set_clock_back(self) -> None:
        set_clock_back(self.clock)
        self._open()

    def go_on(self) -> None:
        """As `countersign resume --all`."""
        Batch(self.runtime).resume()

    def change_order(self) -> None:
        refund_elsewhere(self._var)

    def forbid_refunds(self) -> None:
        self._rule(lambda policy: policy + _NO_REFUNDS)

    def misspell(self) -> None:
        self._rule(lambda policy: policy.replace('Action::"recommend.refund"', 'Action::"recommend.refnud"'))

    def forget(self) -> None:
        """Neither execution nor recommendation of refunds is permitted by any rule."""
        self._rule(
            lambda policy: (
                policy.replace('Action::"recommend.refund", ', "")
                .replace(
                    'permit (principal is Playbook, action == Action::"execute.refund"',
                    'permit (principal is Playbook, action == Action::"execute.send_reply"',
                )
                .replace('when { context.currency == "EUR" };\n\n@id("refund.more', ';\n\n@id("refund.more')
            )
        )

    def revoke(self, person: str) -> None:
        self._edit_desk("people.toml", lambda text: text.replace(f"[{person}]", f"[{person}-who-left]"))

    def _rule(self, change: Callable[[str], str]) -> None:
        self._edit_desk("policy.cedar", change)

    def _edit_desk(self, name: str, change: Callable[[str], str]) -> None:
        """Another desk folder, read anew; one that can't be read is refused before anything runs."""
        folder = self._var / f"desk-{name}"
        shutil.copytree(demonstration_desk(), folder, ignore=shutil.ignore_patterns("mail"))
        file = folder / name
        before = file.read_text(encoding="utf-8")
        file.write_text(change(before), encoding="utf-8")
        try:
            desk = load_desk(folder)
            self._loaded = replace(self._loaded, desk=desk, gate=CedarGate(desk))
        except CountersignError as error:
            raise Refused(f"{error} [{error.full_code}]") from error
        self._open()

    def rename_ask(self) -> None:
        """In this process, and in whatever it forks."""
        rename_node(self.ask, "ask_person")
        self._open()

    def approve_unseen(self, asked: Asked, by: str = LEAD) -> None:
        review = self.runtime.ledger.review_shown(asked.ticket, asked.shown)
        if review is None:
            raise Refused("there is no such question")
        write_answer(self.runtime.state(asked.ticket), review, asked.shown, Approve(), by, self.runtime.deps)

    def world(self) -> World:
        return World(changes_in(self._var), self._sink.count())


def _answered(review: Review, clock: LabClock) -> Review:
    changes = {"status": "answered", "answer": "approve", "by": LEAD, "at": clock.now(), "signed": review.digest}
    return review.model_copy(update=changes)


def rename_node(old: str, new: str) -> None:
    """The same node under another name, in the whole graph."""
    node = NODES.pop(old)

    def function(state: TicketState, *, deps: Any) -> Any:
        return node.function(state, deps=deps)

    function.__name__ = new
    NODES[new] = replace(node, function=function)

    def named(end: Any) -> Any:
        return new if end == old else end

    roads = tuple((named(start), named(end)) for start, end in support.ROAD)
    forks = tuple(
        (named(start), route, {way: named(end) for way, end in ways.items()}) for start, route, ways in support.FORKS
    )
    setattr(support, "ROAD", roads)  # noqa: B010  constants for everybody but a deploy
    setattr(support, "FORKS", forks)  # noqa: B010  likewise

"""What can be done to a desk, in order and out of it: by customers, by people, by whoever reaches the threads."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

from checkpoints.start import start_of
from checkpoints.thread import thread_id
from countersign.batch import Batch
from countersign.domain.plan import Kind, Plan
from countersign.domain.review import Approve, Close, Edit, EditedProposal, OwnAnswer, Reject, Reply, TakeOver
from countersign.domain.ticket import Message, Ticket, TicketRef
from countersign.domain.verdict import Verdict
from countersign.intake import take
from countersign.ledger.read import waiting
from countersign.review import Shown, answer, shown
from countersign.runtime import Runtime, thread_config
from nodes.act.answer import write_answer

PEOPLE = ("ines", "ines", "maria", "tomas", "hanne", "nobody")
"""Who answers: a lead more often than others, and somebody whom the desk does not know."""
GARBAGE: tuple[Any, ...] = ({}, [], "", 0, None, True, "yes", {"decisions": []}, {"decisions": [{"type": "approve"}]})
HALTED: tuple[Kind | str, ...] = ("*", "refund", "cancel_order", "send_reply")


@dataclass(frozen=True, slots=True)
class Scene:
    """An open desk, the mails that may arrive, and the dice."""

    runtime: Runtime
    messages: tuple[Message, ...]
    draw: random.Random

    def ticket(self) -> Ticket | None:
        """Some ticket; None where there is none yet."""
        found = [ticket for n in range(1001, 1010) if (ticket := self.runtime.ledger.ticket(f"CS-{n}"))]
        return self.draw.choice(found) if found else None

    def place(self, ticket: Ticket, *, old: bool) -> dict[str, Any]:
        """The config of the ticket's thread, or of any of its checkpoints."""
        config = cast("dict[str, Any]", thread_config(ticket.id))
        history = list(self.runtime.saver.list(thread_config(ticket.id))) if old else []
        return config | cast("dict[str, Any]", self.draw.choice(history).config) if history else config

    def invoke(self, given: Any, config: dict[str, Any], before: tuple[str, ...] = ()) -> None:
        """Runs the graph past the runtime, as whoever reaches the library would; up to a node, where one is named."""
        graph = self.runtime.graph
        graph.invoke(given, cast("Any", config), durability="sync", interrupt_before=before)  # pyright: ignore[reportUnknownMemberType]  generics left open


Operation = Callable[[Scene], None]


def deliver(scene: Scene) -> None:
    """A mail arrives; some arrive twice."""
    Batch(scene.runtime).run([scene.draw.choice(scene.messages)])


def follow_up(scene: Scene) -> None:
    """A customer writes again."""
    ticket = scene.ticket()
    if ticket is None:
        return
    key = f"follow-up-{scene.draw.randrange(10**9)}"
    again = Message(
        key=key, message_id=f"<{key}@mail.example>", sender=ticket.sender, subject=f"Re: [{ticket.id}]",
        text="Is there any news about this?", raw=key, authenticated=True,
    )  # fmt: skip
    scene.runtime.handle(take(again, scene.runtime.deps).ticket)


def answer_it(scene: Scene) -> None:
    """A person answers what is shown, or what was shown before."""
    asked = [item.ticket for item in waiting(scene.runtime.ledger)]
    ticket = scene.draw.choice(asked) if asked else getattr(scene.ticket(), "id", "")
    if not ticket:
        return
    seen = shown(scene.runtime, ticket)
    asked_last = seen.review.digest if seen.review else ""
    digest = scene.draw.choice((seen.digest, seen.digest, seen.digest, asked_last, "0" * 64))
    answer(scene.runtime, ticket, reply_to(scene, seen), scene.draw.choice(PEOPLE), digest)


def reply_to(scene: Scene, seen: Shown) -> Reply:
    """Some answer of a person to what they were shown."""
    edited = [
        EditedProposal(kind=one.kind, target=one.target, args=_changed(scene, dict(one.args))) for one in seen.proposals
    ]
    replies: list[Reply] = [
        Approve(), Approve(), Approve(), Reject(reason="no"), Edit(proposals=tuple(edited)),
        OwnAnswer(text="Hello, a colleague will write to you soon."), TakeOver(), Close(),
    ]  # fmt: skip
    return scene.draw.choice(replies)


def _changed(scene: Scene, args: dict[str, Any]) -> dict[str, Any]:
    return args | {"amount": scene.draw.choice((1, 900, args["amount"] + 100))} if "amount" in args else args


def wake_with_garbage(scene: Scene) -> None:
    """The thread is resumed with something that is no answer."""
    from langgraph.types import Command

    ticket = scene.ticket()
    if ticket is not None:
        value, place = scene.draw.choice(GARBAGE), scene.place(ticket, old=scene.draw.random() < 0.3)
        scene.invoke(Command(resume=value), place)


def replay(scene: Scene) -> None:
    """The thread goes on from any of its checkpoints."""
    ticket = scene.ticket()
    if ticket is not None:
        scene.invoke(None, scene.place(ticket, old=True))


def fork(scene: Scene) -> None:
    """The thread goes on from any of its checkpoints, with other amounts."""
    ticket = scene.ticket()
    if ticket is None:
        return
    place = scene.place(ticket, old=True)
    plans = scene.runtime.graph.get_state(cast("Any", place)).values.get("plans", ())
    changed = tuple(_with_others(scene, plan, _changed) for plan in plans)
    scene.invoke(None, _updated(scene, place, {"plans": changed}, None))


def _with_others(scene: Scene, plan: Plan, change: Callable[[Scene, dict[str, Any]], dict[str, Any]]) -> Plan:
    proposals = tuple(one.model_copy(update={"args": change(scene, dict(one.args))}) for one in plan.proposals)
    return plan.model_copy(update={"proposals": proposals})


def alter_granted(scene: Scene) -> None:
    """Between a grant and its use the thread is given other amounts and addresses, and goes on."""
    waits = [item.ticket for item in waiting(scene.runtime.ledger)]
    if waits and scene.draw.random() < 0.5:
        name = scene.draw.choice(waits)
    else:
        name = take(scene.draw.choice(scene.messages), scene.runtime.deps).ticket
    ticket, place = scene.runtime.ticket(name), cast("dict[str, Any]", thread_config(name))
    _walk(scene, TicketRef(id=name, turn=ticket.turn), place)
    state = scene.runtime.graph.get_state(cast("Any", place))
    if state.next == ("execute",):
        plans = tuple(_with_others(scene, plan, _otherwise) for plan in state.values.get("plans", ()))
        scene.invoke(None, _updated(scene, place, {"plans": plans}, "record_verdict"))


def _walk(scene: Scene, ref: TicketRef, place: dict[str, Any]) -> None:
    """Runs a turn up to what it would do, with a person's yes where one is asked."""
    for _ in range(2):
        state = scene.runtime.graph.get_state(cast("Any", place))
        if scene.runtime.ticket(ref.id).status == "received" and state.next != ("execute",):
            scene.invoke(start_of(state, ref), place, before=("execute",))
        seen = shown(scene.runtime, ref.id)
        if seen.review is not None and seen.review.status == "open":
            write_answer(None, seen.review, seen.digest, Approve(), "ines", scene.runtime.deps)


def _otherwise(scene: Scene, args: dict[str, Any]) -> dict[str, Any]:
    if "address" in args:
        return args | {"address": args["address"] | {"city": "Elsewhere"}}
    return args | {"email": "else@example.org"} if "email" in args else _changed(scene, args)


def forge_verdict(scene: Scene) -> None:
    """The thread's state says that everything is allowed, and stands before `execute`."""
    ticket = scene.ticket()
    if ticket is not None:
        forged = {"verdict": Verdict(answer="allow", judged=())}
        scene.invoke(None, _updated(scene, scene.place(ticket, old=False), forged, "record_verdict"))


def _updated(scene: Scene, place: dict[str, Any], values: dict[str, Any], node: str | None) -> dict[str, Any]:
    config = scene.runtime.graph.update_state(cast("Any", place), values, as_node=node)
    return place | cast("dict[str, Any]", config)


def go_to(scene: Scene) -> None:
    """A command jumps to a node behind the gates."""
    from langgraph.types import Command

    ticket = scene.ticket()
    if ticket is not None:
        node = scene.draw.choice(("execute", "record_verdict", "record_review", "record_outcome"))
        scene.invoke(Command(goto=node), scene.place(ticket, old=False))


def copy_thread(scene: Scene) -> None:
    """The thread is copied, and the copy goes on."""
    from langgraph.types import Command

    ticket = scene.ticket()
    if ticket is not None:
        name = f"{ticket.id}-copy-{scene.draw.randrange(10**6)}"
        scene.runtime.saver.copy_thread(thread_id(ticket.id), thread_id(name))
        scene.invoke(scene.draw.choice((None, Command(resume="woken"))), cast("dict[str, Any]", thread_config(name)))


def run_without_thread(scene: Scene) -> None:
    """The graph runs with no thread at all, for a ticket that has one."""
    from graphs.support import support_graph

    ticket = scene.ticket()
    if ticket is not None:
        ref: Any = {"ticket": TicketRef(id=ticket.id, turn=ticket.turn)}
        support_graph(scene.runtime.deps).invoke(ref, {"recursion_limit": 100})  # pyright: ignore[reportUnknownMemberType]  generics left open


def go_on(scene: Scene) -> None:
    """Whatever was left is put right."""
    Batch(scene.runtime).run(())


def halt(scene: Scene) -> None:
    """A person stops a kind of effect, or all."""
    scene.runtime.ledger.halt(scene.draw.choice(HALTED), "ines", "chaos", scene.runtime.deps.clock.now())


def unhalt(scene: Scene) -> None:
    """A person lets everything go on."""
    for kind in HALTED:
        scene.runtime.ledger.unhalt(kind, "ines", scene.runtime.deps.clock.now())


OPERATIONS: Mapping[str, tuple[Operation, int]] = MappingProxyType(
    {
        "deliver": (deliver, 4), "follow up": (follow_up, 1), "answer": (answer_it, 8),
        "garbage": (wake_with_garbage, 2), "replay": (replay, 2), "fork": (fork, 2),
        "altered": (alter_granted, 3),
        "forged verdict": (forge_verdict, 2), "goto": (go_to, 2), "copy": (copy_thread, 2),
        "no thread": (run_without_thread, 1), "go on": (go_on, 2), "halt": (halt, 1),
        "unhalt": (unhalt, 1),
    }
)  # fmt: skip
"""By name, with how often each is drawn."""

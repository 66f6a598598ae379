"""What if: a ticket is run again up to a step, what that step left is changed, and the road goes on from there.

Nothing of it is real: effects are only supposed to happen, and a question that nobody was asked stays open.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from countersign.domain.errors import MisuseError, ReplayMismatchError
from countersign.domain.state import Channels, TicketState
from countersign.domain.ticket import TicketRef
from countersign.ledger import scratch
from countersign.replay.compare import difference
from countersign.replay.found import Difference
from countersign.replay.rerun import DivergedError, NotKeptError, ReachedError, Rerun
from countersign.replay.steps import Kept, met_again

_MOST_STRETCHES = 10


@dataclass(frozen=True, kw_only=True)
class Forked:
    """A ticket's turn as it was, and as it would have been."""

    ticket: str
    turn: int
    at: int
    """The number of the step after which the two part."""
    changed: Mapping[str, object]
    """What was set, by path."""
    then: tuple[Kept, ...]
    """The turn's steps as they were."""
    now: tuple[Kept, ...]
    """The turn's steps as they would be, numbered as if they had followed."""
    waits: bool
    """The fork ends with a question to a person."""
    state: TicketState
    """What the fork's thread holds at its end."""
    differences: tuple[Difference, ...]
    """In what was decided, and in the reply."""


def branched(rerun: Rerun, at: int, values: Mapping[str, object]) -> Forked:
    """Runs the ticket again to the step, changes what it left, and goes on.

    Raises MisuseError (`misuse.step`, `misuse.path`, `misuse.value`) where there is no such step or field, and
    ReplayMismatchError (`replay.diverged`, `replay.not_kept`) where the ticket does not come to that step any more.
    """
    step = _step(rerun.steps, at)
    rerun.until = step.number
    _reach(rerun)
    stage = rerun.stage
    ref = TicketRef(id=rerun.record.id, turn=step.turn)
    updates = changed_channels(stage.values(), values)
    stage.playback.free = stage.gateway.supposing = True
    stage.branch(step.node, updates)
    own = [kept for kept in rerun.steps if kept.turn == step.turn]
    before = [kept for kept in own if kept.number < step.number]
    last = Kept(step.number, step.turn, step.node, {**step.wrote, **updates}, False, step.at)
    after, waits = _go_on(rerun, ref, step)
    state, then = stage.values(), tuple(kept for kept in own if not kept.waits)
    return Forked(
        ticket=ref.id, turn=ref.turn, at=step.number, changed=values, then=tuple(own), now=(*before, last, *after),
        waits=waits, state=state, differences=tuple(_differences(_left_by(then), _left_by((*before, last, *after)))),
    )  # fmt: skip


def changed_channels(state: TicketState, values: Mapping[str, object]) -> dict[str, Any]:
    """The channels that the paths name, with what they set. A text that is JSON is read as such."""
    plain: dict[str, Any] = {}
    for path, value in values.items():
        channel, *rest = path.replace("[", ".").replace("]", "").split(".")
        if channel not in _FORMS:
            raise MisuseError(f"there is no {channel!r} to set", where=path, hint=f"one of {', '.join(sorted(_FORMS))}",
                              detail="path")  # fmt: skip
        plain.setdefault(channel, to_jsonable_python(cast("dict[str, Any]", state).get(channel)))
        plain[channel] = _set(plain[channel], rest, value, path)
    return {channel: _built(channel, value) for channel, value in plain.items()}


def _step(steps: Sequence[Kept], at: int) -> Kept:
    met = [step for turn in {step.turn for step in steps} for step in met_again(s for s in steps if s.turn == turn)]
    found = next((step for step in met if step.number == at), None)
    if found is None:
        hint = "countersign history lists them; one that waits, or was tried again, is no place to fork"
        raise MisuseError(f"there is no step {at} to fork at", where="--at", hint=hint, detail="step")
    return found


def _reach(rerun: Rerun) -> None:
    try:
        rerun.play()
    except ReachedError:
        return
    except NotKeptError as error:
        raise ReplayMismatchError(str(error), where=rerun.record.id, detail="not_kept") from error
    except DivergedError as error:
        found = error.divergence
        named = ", ".join(f"{cause.kind} {cause.name}" for cause in found.causes)
        text = f"step {found.step} ({found.node}) comes to something else now: {named}"
        hint = f"fork before it, or see countersign replay {rerun.record.id}"
        raise ReplayMismatchError(text, where=rerun.record.id, hint=hint, detail="diverged") from error
    raise ReplayMismatchError("the step is not reached any more", where=rerun.record.id, detail="diverged")


def _go_on(rerun: Rerun, ref: TicketRef, step: Kept) -> tuple[list[Kept], bool]:
    """The steps after the branch, and whether they end with a question; a person's answer counts for the same one."""
    found: list[Kept] = []
    for _ in range(_MOST_STRETCHES):
        for node, update in rerun.stage.steps(ref):
            found.append(Kept(step.number + len(found) + 1, ref.turn, node, update, False, step.at))
        if rerun.stage.next_node() != "review":
            return found, False
        if not _answered(rerun, ref):
            found.append(Kept(step.number + len(found) + 1, ref.turn, "review", {}, True, step.at))
            return found, True
    return found, True


def _answered(rerun: Rerun, ref: TicketRef) -> bool:
    """Enters the answer that a person gave to the very question that the fork asks, if one did."""
    record, ledger = rerun.record, rerun.stage.ledger
    with ledger.file.writing("fork") as connection:
        asked = scratch.asks(connection, ref.id)
        same = [row for row in record.reviews if asked is not None and row["digest"] == asked["digest"]]
        given = next((row for row in same if row["turn"] == ref.turn and row["status"] == "answered"), None)
        if given is None:
            return False
        scratch.answer(connection, given, [row for row in record.signatures if row["review"] == given["id"]])
        return True


def _set(value: Any, rest: list[str], wanted: object, path: str) -> Any:
    if not rest:
        return _read(wanted)
    name, *further = rest
    if isinstance(value, list) and name.isdecimal() and int(name) < len(cast("list[Any]", value)):
        items = list(cast("list[Any]", value))
        items[int(name)] = _set(items[int(name)], further, wanted, path)
        return items
    if isinstance(value, dict):
        known = cast("dict[str, Any]", value)
        return {**known, name: _set(known.get(name), further, wanted, path)}
    raise MisuseError(f"there is no {name!r} to set", where=path, hint="countersign history --json shows what there is",
                      detail="path")  # fmt: skip


def _read(wanted: object) -> object:
    if not isinstance(wanted, str):
        return to_jsonable_python(wanted)
    try:
        return json.loads(wanted)
    except ValueError:
        return wanted


def _built(channel: str, value: Any) -> Any:
    try:
        return TypeAdapter(_FORMS[channel]).validate_json(json.dumps(value))
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, (channel, *problem["loc"])))
        raise MisuseError(problem["msg"], where=where, hint="give a value of that kind", detail="value") from None


_FORMS: dict[str, Any] = {name: form for name, form in get_type_hints(Channels).items() if name != "resumed"}
_COMPARED = ("triage", "plans", "draft", "findings", "verdict", "dossier", "outcome")


def _left_by(steps: Sequence[Kept]) -> dict[str, Any]:
    """What the steps left in the channels that say what was decided."""
    left: dict[str, Any] = {}
    for step in steps:
        left |= {name: step.wrote[name] for name in _COMPARED if name in step.wrote}
    return {name: _decided(name, value) for name, value in left.items()}


def _decided(channel: str, value: Any) -> Any:
    """A channel's value in the words in which two decisions are compared."""
    plain = to_jsonable_python(value)
    if not plain:
        return None
    match channel:
        case "triage":
            return {"requests": [intent["request"] for intent in plain["intents"]], "abstained": plain["abstained"]}
        case "plans":
            return [_plan(plan) for plan in plain]
        case "draft":
            return {name: plain[name] for name in ("to", "subject", "body")}
        case "verdict":
            answers = [
                {"answer": one["decision"]["answer"], "rules": one["decision"]["rules"]} for one in plain["judged"]
            ]
            return {"answer": plain["answer"], "by": plain["approver"], "proposals": answers}
        case "outcome":
            return ": ".join(part for part in (plain["kind"].replace("_", " "), plain["reason"]) if part)
        case _:
            return plain


def _plan(plan: dict[str, Any]) -> dict[str, Any]:
    reply: dict[str, Any] = plan["reply"] or {}
    proposed = [proposal["summary"] for proposal in plan["proposals"]]
    kept = {name: plan[name] for name in ("request", "complex")}
    return kept | {"reply": reply.get("template"), "proposals": proposed}


def _differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[Difference]:
    """For each channel the first thing in which the two differ."""
    names = [name for name in _COMPARED if then.get(name) != now.get(name)]
    return [found for name in names if (found := difference(then.get(name), now.get(name), name))]

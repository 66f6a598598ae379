"""One ticket's story, told from its records: as events in order, and as who decided what and why."""

import json
from collections.abc import Iterable, Iterator, Mapping

from pydantic import JsonValue

from countersign.domain.frozen import Frozen, Json
from countersign.ledger.records import Facts, Records
from countersign.ledger.rows import Row


class Event(Frozen):
    """One thing that happened to a ticket.

    `details` is the audit's body with each reference replaced by the row it names: `{"effect": {"kind": ...}}`.
    """

    seq: int
    """The audit row; a recorded triage or resolution has that of the message it is about."""
    at: str
    """ISO 8601, UTC."""
    turn: int
    event: str
    """`message.accepted`, `triage`, `resolution`, `verdict.recorded`, `grant.given`, `effect.done` and so on."""
    actor: str
    details: dict[str, Json]


def timeline(records: Records) -> tuple[Event, ...]:
    """Every event in the order in which it was recorded, whatever the clock said."""
    return tuple(_events(records))


def why(records: Records) -> Facts:
    """See `read.why`."""
    turns = sorted({_number(message["turn"]) for message in records.messages})
    return {"ticket": records.ticket, "turns": [_turn(records, turn) for turn in turns]}


def _events(records: Records) -> Iterator[Event]:
    known = _by_reference(records)
    last = {_number(message["turn"]): str(message["key"]) for message in records.messages if not message["automatic"]}
    turn = 1
    for row in records.audit:
        body: Facts = json.loads(row["body"])
        details = {name: _resolved(known, name, value) for name, value in body.items()}
        turn = _turn_of(details, turn)
        event = Event(
            seq=row["seq"], at=row["at"], turn=turn, event=row["event"], actor=row["actor"],
            details=details | _extras(records, row, turn),
        )  # fmt: skip
        yield event
        if row["event"] == "message.accepted" and body["key"] == last.get(turn) and turn in records.triage:
            yield event.model_copy(update={"event": "triage", "details": dict(records.triage[turn])})
            for resolution in records.resolutions.get(turn, ()):
                yield event.model_copy(update={"event": "resolution", "details": dict(resolution)})


def _by_reference(records: Records) -> Mapping[str, Mapping[str, Facts]]:
    """What each reference in an audit body may name, by its id."""
    return {
        "verdict": _by_id(records.verdicts),
        "proposal": _by_id(records.proposals),
        "review": _by_id(records.reviews),
        "grant": _by_id(records.grants),
        "effect": _by_id(records.effects),
    }


def _by_id(rows: Iterable[Facts]) -> dict[str, Facts]:
    return {str(row["id"]): row for row in rows}


def _resolved(known: Mapping[str, Mapping[str, Facts]], name: str, value: JsonValue) -> JsonValue:
    found = known.get(name, {}).get(str(value))
    return value if found is None else dict(found)


def _turn_of(details: Facts, before: int) -> int:
    """The turn an event belongs to: its own word, that of what it is about, or that of the event before."""
    named = [details, *(value for value in details.values() if isinstance(value, dict))]
    return next((_number(facts["turn"]) for facts in named if "turn" in facts), before)


def _extras(records: Records, row: Row, turn: int) -> Facts:
    """What the audit only holds digests of."""
    if row["event"] == "message.accepted":
        key = json.loads(row["body"])["key"]
        return {"message": next(dict(message) for message in records.messages if message["key"] == key)}
    if row["event"] == "outcome.recorded":
        return {"outcome": _outcome(records, turn)}
    if row["event"] == "verdict.recorded":
        return {"decisions": list[JsonValue](_decisions(records, json.loads(row["body"])["verdict"]))}
    return {}


def _turn(records: Records, turn: int) -> Facts:
    return {
        "turn": turn,
        "messages": list[JsonValue](_of_turn(records.messages, turn)),
        "triage": records.triage.get(turn),
        "labels": list[JsonValue](_of_turn(records.labels, turn)),
        "resolutions": list[JsonValue](records.resolutions.get(turn, ())),
        "verdicts": [
            {**verdict, "decisions": list[JsonValue](_decisions(records, str(verdict["id"])))}
            for verdict in _of_turn(records.verdicts, turn)
        ],
        "reviews": list[JsonValue](_of_turn(records.reviews, turn)),
        "effects": [{**effect, "grant": _grant(records, effect)} for effect in _of_turn(records.effects, turn)],
        "outcome": _outcome(records, turn),
    }


def _of_turn(rows: Iterable[Facts], turn: int) -> list[Facts]:
    return [row for row in rows if row["turn"] == turn]


def _decisions(records: Records, verdict: str) -> list[Facts]:
    """The verdict's decisions, each with the proposal it is about."""
    known = _by_id(records.proposals)
    return [
        {**decision, "proposal": dict(known[str(decision["proposal"])])}
        for decision in records.decisions
        if decision["verdict"] == verdict
    ]


def _grant(records: Records, effect: Facts) -> Facts:
    return _by_id(records.grants)[str(effect["grant_id"])]


def _outcome(records: Records, turn: int) -> JsonValue:
    return next((row["outcome"] for row in _of_turn(records.outcomes, turn)), None)


def _number(value: JsonValue) -> int:
    return int(str(value))

"""Judges a run from the outside, by the audit export, the provider's records and the outbox, and by nothing else.

It shares no code with what it judges and needs nothing but Python: `python -m countersign.lab.checker AUDIT PROVIDER
OUTBOX`. A run in which nothing happened proves nothing, so a minimum of activity can be demanded.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from countersign.lab.evidence import Evidence, Row, digest, read, seal

_YES = frozenset({"approve", "edit", "answer"})
"""Answers that may approve something."""
_CLOSED = frozenset({"review.answered", "review.expired", "review.void"})
_ENDS = {"effect.started": "started", "effect.done": "done", "effect.failed": "failed", "effect.retry": "failed",
         "effect.unknown": "unknown"}  # fmt: skip
ACTIVITY = ("rows", "tickets", "decisions", "people", "effects", "mails", "refused")
"""What is counted, so that a minimum of it can be demanded."""
Finding = tuple[str, int | None]
Decisions = dict[tuple[str, str], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was broken: which, what was seen, and the audit row where there is one."""

    promise: str
    text: str
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What the checker came to."""

    violations: tuple[Violation, ...]
    counts: dict[str, int]

    @property
    def ok(self) -> bool:
        """Nothing was broken, and enough happened."""
        return not self.violations


def check(audit: Path, provider: Path, outbox: Path, least: dict[str, int] | None = None) -> Report:
    """Judges a run. `least` demands activity by name: `effects`, `mails`, `tickets`, `people`, `refused` and so on."""
    evidence = read(audit, provider, outbox)
    counts = _counts(evidence)
    broken = [Violation(promise, *found) for promise, judge in PROMISES.items() for found in judge(evidence)]
    idle = [
        Violation("enough happened", f"{counts[name]} {name}; a judgement needs {number}")
        for name, number in (least or {}).items()
        if counts[name] < number
    ]
    return Report((*broken, *idle), counts)


def _counts(evidence: Evidence) -> dict[str, int]:
    events = Counter(row.event for row in evidence.rows)
    mails = sum(deed.kind == "send_reply" for deed in evidence.deeds)
    numbers = (
        len(evidence.rows), events["ticket.opened"], events["verdict.recorded"], events["review.answered"],
        len(evidence.deeds) - mails, mails, events["claim.refused"] + events["review.refused"],
    )  # fmt: skip
    return dict(zip(ACTIVITY, numbers, strict=True))


# Each promise answers what broke it, with the audit row where there is one.


def _chain(evidence: Evidence) -> Iterator[Finding]:
    """No row of the audit was edited, removed, inserted or reordered, and none lost its body but to an erasure."""
    seq, last = 0, ""
    said = {row.ref for row in evidence.of("data.erased")}
    for row in evidence.rows:
        told = digest([row.seq, row.at, row.actor, row.event, row.ref, row.seal, row.prev])
        if (row.seq, row.prev, row.hash) != (seq + 1, last, told):
            yield f"row {row.seq} does not continue the chain", row.seq
        if row.ref not in said if row.erased else seal(row.secret, row.body) != row.seal:
            yield f"row {row.seq} does not say what was sealed", row.seq
        seq, last = row.seq, row.hash


def _known(evidence: Evidence) -> Iterator[Finding]:
    """Nothing happened in the world that the audit does not have as started, under the key of its kind and target.

    Of what was erased the audit knows how many things were started, no more: so many deeds may be unknown.
    """
    started = {row.body["key"] for row in evidence.of("effect.started")}
    slots = {row.body["key"]: row.body["slot"] for row in evidence.of("proposal.recorded")}
    unknown = [deed for deed in evidence.deeds if deed.key not in started]
    spared = unknown if len(unknown) <= evidence.erased_effects else []
    for deed in evidence.deeds:
        if deed in spared:
            continue
        what = f"{deed.kind} on {deed.target}"
        if deed.key not in started:
            yield f"{what} happened and the audit knows of no start", None
        if deed.key != digest([deed.kind, deed.target, slots.get(deed.key)]):
            yield f"{what} happened under a key that is not its own", None


def _once(evidence: Evidence) -> Iterator[Finding]:
    """Under one key one thing happens, and no more things than were granted."""
    for (key, kind, target), count in Counter((deed.key, deed.kind, deed.target) for deed in evidence.deeds).items():
        if count > 1:
            yield f"{kind} on {target} happened {count} times under the key {key[:8]}", None


def _money(evidence: Evidence) -> Iterator[Finding]:
    """Never more goes back than was paid."""
    paid = Counter[str]()
    for deed in evidence.deeds:
        paid[deed.target] += (deed.amount or 0) if deed.kind == "refund" else 0
    for target, amount in paid.items():
        if amount > evidence.captured.get(target, 0):
            yield f"{amount} went back on {target}, {evidence.captured.get(target, 0)} was paid", None


def _permitted(evidence: Evidence) -> Iterator[Finding]:
    """Each start has, in rows before it, a decision under a named rule and policy, and a living grant from it."""
    decided: Decisions = {}
    given: dict[str, Row] = {}
    void = set[str]()
    used: dict[str, str] = {}
    for row in evidence.told:
        match row.event:
            case "verdict.recorded":
                decided |= {(row.body["verdict"], one["proposal"]): one for one in row.body["decisions"]}
            case "grant.given":
                given[row.body["grant"]] = row
            case "grant.void":
                void.add(row.body["grant"])
            case "effect.started":
                why = _unpermitted(row, given, void, used, decided)
                used[row.body["grant"]] = row.body["effect"]
                if why:
                    yield f"effect {row.body['effect']} started {why}", row.seq
            case _:
                pass


def _unpermitted(row: Row, given: dict[str, Row], void: set[str], used: dict[str, str], decided: Decisions) -> str:
    """What the start lacks; empty where it lacks nothing."""
    body, grant = row.body, given.get(row.body["grant"])
    if grant is None:
        return "without a grant"
    if any(grant.body[name] != body[name] for name in ("key", "proposal", "arguments", "version")):
        return "for something else than was granted"
    if body["grant"] in void or used.get(body["grant"], body["effect"]) != body["effect"]:
        return "under a grant that was void or used"
    if row.at >= grant.body["expires"]:
        return "under a grant that had expired"
    decision = decided.get((grant.body["verdict"], body["proposal"]), {})
    if decision.get("arguments") != body["arguments"] or not decision.get("policy") or not decision.get("rules"):
        return "without a decision on it"
    permitted = ("allow",) if grant.actor == "policy" else ("allow", "ask")
    return "" if decision["answer"] in permitted else "without anybody's approval"


def _countersigned(evidence: Evidence) -> Iterator[Finding]:
    """What a person's name stands under was that person's yes, and the last that anybody said about the ticket."""
    said: dict[str, Row] = {}
    for row in evidence.of("review.answered", "grant.given"):
        if row.event == "review.answered":
            said[row.ref] = row
        elif row.actor != "policy":
            last = said.get(row.ref)
            if last is None or last.actor != row.actor or last.body["answer"] not in _YES or not last.body["signed"]:
                yield f"grant {row.body['grant']} is in the name of {row.actor}, who did not approve it last", row.seq


def _answered_once(evidence: Evidence) -> Iterator[Finding]:
    """A question has one answer, and none once it is over."""
    over: dict[str, str] = {}
    for row in evidence.of(*_CLOSED):
        review = row.body["review"]
        if review in over:
            yield f"review {review} was {over[review]}, then {row.event}", row.seq
        over[review] = row.event


def _exact(evidence: Evidence) -> Iterator[Finding]:
    """What happened is what was granted: the digest is made again from the provider's own record."""
    started = {row.body["key"]: row for row in evidence.of("effect.started")}
    mismatched = {row.body["key"] for row in evidence.of("effect.mismatch")}
    for deed in evidence.deeds:
        row = started.get(deed.key)
        if row is None or deed.arguments is None:
            continue
        if row.body["arguments"] != digest([deed.kind, deed.target, deed.arguments]):
            yield f"{deed.kind} on {deed.target} was done otherwise than granted", row.seq
        asked = deed.arguments.get("amount")
        if asked not in (None, deed.amount) and deed.key not in mismatched:
            yield (
                f"{deed.kind} on {deed.target} came to {deed.amount}, {asked} was granted, and nobody noticed",
                row.seq,
            )


def _settled(evidence: Evidence) -> Iterator[Finding]:
    """Each start ends as done, failed or unknown; done has a record in the world, failed has none."""
    keys = {row.body["effect"]: row.body["key"] for row in evidence.of("effect.started")}
    last = {row.body["effect"]: row for row in evidence.of(*_ENDS)}
    ends = {effect: _ENDS[row.event] for effect, row in last.items()}
    living = {keys.get(effect) for effect, end in ends.items() if end != "failed"}
    happened = {deed.key for deed in evidence.deeds}
    for effect, end in ends.items():
        there = keys.get(effect) in happened
        if end == "started":
            yield f"effect {effect} was started and nobody said how it ended", last[effect].seq
        if end == "done" and not there:
            yield f"effect {effect} is done, and the world has no record of it", last[effect].seq
        if end == "failed" and there and keys.get(effect) not in living:
            yield f"effect {effect} failed, and the world has a record of it", last[effect].seq


def _stopped(evidence: Evidence) -> Iterator[Finding]:
    """Nothing starts while its kind is stopped."""
    kinds = {row.body["grant"]: row.body["kind"] for row in evidence.of("grant.given")}
    halted = set[str]()
    for row in evidence.of("kind.halted", "kind.unhalted", "effect.started"):
        if row.event == "kind.halted":
            halted.add(row.ref)
        elif row.event == "kind.unhalted":
            halted.discard(row.ref)
        elif halted & {"*", kinds.get(row.body["grant"], "")}:
            yield f"effect {row.body['effect']} started while its kind was stopped", row.seq


def _kept(evidence: Evidence) -> Iterator[Finding]:
    """No ticket is lost: its last turn has ended, or a question about it is open."""
    turns: dict[str, int] = {}
    ended = set[tuple[str, int]]()
    opened: dict[str, str] = {}
    for row in evidence.told:
        if row.event in ("message.accepted", "ticket.reopened"):
            turns[row.ref] = max(turns.get(row.ref, 0), row.body["turn"])
        elif row.event == "outcome.recorded":
            ended.add((row.ref, row.body["turn"]))
        elif row.event == "review.opened":
            opened[row.ref] = row.body["review"]
        elif row.event in _CLOSED and opened.get(row.ref) == row.body["review"]:
            del opened[row.ref]
    for ticket, turn in turns.items():
        if (ticket, turn) not in ended and ticket not in opened:
            yield f"{ticket} has no end in turn {turn}, and nobody is asked about it", None


PROMISES: dict[str, Callable[[Evidence], Iterable[Finding]]] = {
    "the audit is whole": _chain,
    "nothing unknown happened": _known,
    "nothing happened twice": _once,
    "never more than was paid": _money,
    "every effect was granted": _permitted,
    "people's names are theirs": _countersigned,
    "one answer a question": _answered_once,
    "done as granted": _exact,
    "every effect has its end": _settled,
    "nothing starts while stopped": _stopped,
    "no ticket is lost": _kept,
}
"""Every promise by its name."""


def main() -> int:
    """0 where every promise was kept, 1 where one was broken; prints the report as JSON."""
    parser = argparse.ArgumentParser(description="Judge a run by its audit, the provider's records and the outbox.")
    for name in ("audit", "provider", "outbox"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--least", action="append", default=[], metavar="NAME=N", help="for instance effects=10")
    given = parser.parse_args()
    least = {name: int(number) for name, _, number in (text.partition("=") for text in given.least)}
    report = check(given.audit, given.provider, given.outbox, least)
    sys.stdout.write(json.dumps({"ok": report.ok, **asdict(report)}, indent=2) + "\n")
    return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main())

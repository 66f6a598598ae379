"""The design with one of its checks removed. Each stands for a mistake that a later change could make."""

import contextlib
import sqlite3
import uuid
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import pytest

from countersign.adapters.outbox.letter import letter
from countersign.adapters.outbox.maildir import MaildirOutbox
from countersign.domain.outcome import Outgoing, Receipt
from countersign.ledger import SqlLedger, audit, claims, reviews, rulings
from graphs import catalog
from graphs.catalog import NODES
from nodes.act import authorize
from nodes.act.planned import all_proposals
from tools import gateway
from tools.actions import ACTIONS

Patch = pytest.MonkeyPatch


@dataclass(frozen=True)
class Mutant:
    """What is taken out, in the program and among the file's own triggers."""

    change: Callable[[Patch], None]
    triggers: tuple[str, ...] = ()

    def drop_triggers(self, ledger: Path) -> None:
        """Takes the triggers out of a ledger's file."""
        with contextlib.closing(sqlite3.connect(ledger)) as connection:
            for name in self.triggers:
                connection.execute(f"DROP TRIGGER {name}")
            connection.commit()


def _says(answer: Any) -> Callable[..., Any]:
    """A function that takes anything and always answers the same."""

    def say(*_: object) -> Any:
        return answer

    return say


def _no_grant_check(patch: Patch) -> None:
    """A claim is given whatever speaks against it."""
    patch.setattr(claims, "_objections", _says(iter(())))


def _key_from_thread(patch: Patch) -> None:
    """The key is made from the ticket, as if from its thread, and not from the business's own identity."""
    ticket: ContextVar[str] = ContextVar("ticket")
    write, digest = rulings._write_proposal, rulings.digest  # pyright: ignore[reportPrivateUsage]

    def write_proposal(connection: Any, ref: Any, *rest: Any) -> None:
        ticket.set(ref.id)
        write(connection, ref, *rest)

    def keyed(value: Any) -> str:
        parts = cast("list[Any]", value) if isinstance(value, list) else []
        is_key = [type(part) for part in parts] == [str, str, int]
        return digest([*parts, ticket.get()] if is_key else cast("Any", value))

    patch.setattr(rulings, "_write_proposal", write_proposal)
    patch.setattr(rulings, "digest", keyed)


def _no_compare_and_set(patch: Patch) -> None:
    """An answer is written whether or not somebody has answered before."""
    find = reviews.find

    def any_state(connection: Any, review: str, shown: str, by: str) -> Any:
        try:
            return find(connection, review, shown, by)
        except reviews.RejectedError as error:
            if error.detail != "already_answered":
                raise
        return reviews.first(connection, reviews.sa.select(reviews.reviews).where(reviews.reviews.c.id == review))

    patch.setattr(reviews, "find", any_state)


def _new_key_each_try(patch: Patch) -> None:
    """The provider is called under another key each time, so that it can't know a repeated call."""

    def renewed(action: Any) -> Any:
        def call(granted: Any, deps: Any, key: str) -> Receipt:
            return action(granted, deps, uuid.uuid4().hex).model_copy(update={"key": key})

        return call

    patch.setattr(gateway, "ACTIONS", {kind: renewed(action) for kind, action in ACTIONS.items()})


def _amount_from_state(patch: Patch) -> None:
    """What is done is what the thread's state says, and not what was granted."""
    wanted: dict[tuple[str, str], Any] = {}
    act = gateway._act  # pyright: ignore[reportPrivateUsage]

    def execute(state: Any, *, deps: Any) -> Any:
        wanted.clear()
        wanted.update({(one.kind, one.target): one for one in all_proposals(state)})
        return NODES["execute"].function(state, deps=deps)

    def act_on_state(granted: Any, claim: Any, deps: Any) -> Receipt:
        said = granted.proposal
        proposal = wanted.get((said.kind, said.target), said)
        return act(granted.model_copy(update={"proposal": proposal}), claim, deps)

    patch.setattr(catalog, "NODES", {**NODES, "execute": replace(NODES["execute"], function=execute)})
    patch.setattr(gateway, "_act", act_on_state)


def _no_chain(patch: Patch) -> None:
    """The audit's rows are not chained: each is hashed for itself."""
    head = audit.head

    def unchained(connection: Any) -> Any:
        return head(connection)._replace(hash="")

    patch.setattr(audit, "head", unchained)


def _inbox_forgotten(patch: Patch) -> None:
    """What a crash left unfinished is not looked for."""
    patch.setattr(SqlLedger, "unfinished", _says(()))


def _halt_ignored(patch: Patch) -> None:
    """Nobody asks whether a kind is stopped."""
    patch.setattr(claims, "halted", _says(False))


def _approval_not_required(patch: Patch) -> None:
    """What the policy would ask about is done in the name of a person who was never asked."""

    decide = authorize._verdict  # pyright: ignore[reportPrivateUsage]

    def approved(state: Any, deps: Any) -> Any:
        verdict = decide(state, deps)
        named = {"answer": "allow", "approver": "ines"}
        return verdict.model_copy(update=named) if verdict.answer == "ask" else verdict

    patch.setattr(authorize, "_verdict", approved)
    patch.setattr(reviews, "require_approval", _says(None))
    patch.setattr(rulings, "_require_signed", _says(None))


def _doubt_left_alone(patch: Patch) -> None:
    """An effect that a crash left in doubt is not asked about."""
    patch.setattr(gateway, "_settle_doubt", _says(False))


def _mail_without_its_key(patch: Patch) -> None:
    """A mail is sent as often as it is asked for, and nobody can say whether it was."""

    def send(self: Any, key: str, mail: Outgoing) -> Receipt:
        now = datetime.now(UTC)
        self._write(f"{key}-{uuid.uuid4().hex}", letter(key, mail, self._settings, now))
        return Receipt(key=key, reference=key, at=now)

    patch.setattr(MaildirOutbox, "send", send)
    patch.setattr(MaildirOutbox, "lookup", _says(None))


MUTANTS: Mapping[str, Mutant] = MappingProxyType(
    {
        "grant check removed": Mutant(_no_grant_check, ("effects_need_a_grant", "effects_keep_the_ceiling")),
        "key from the thread": Mutant(_key_from_thread),
        "no compare-and-set": Mutant(_no_compare_and_set, ("reviews_are_answered_once",)),
        "new key each try": Mutant(_new_key_each_try),
        "amount from the thread's state": Mutant(_amount_from_state),
        "rows of the audit not chained": Mutant(_no_chain, ("audit_is_a_chain",)),
        "inbox forgotten": Mutant(_inbox_forgotten),
        "halt ignored": Mutant(_halt_ignored),
        "approval not required": Mutant(_approval_not_required, ("grants_need_a_decision",)),
        "doubt left alone": Mutant(_doubt_left_alone),
        "mail without its key": Mutant(_mail_without_its_key),
    }
)

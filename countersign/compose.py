"""Builds the parts of a desk from its settings and its folder."""

import importlib
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, cast, get_args

from countersign.adapters.blobs import FolderBlobs
from countersign.adapters.clock import SystemClock
from countersign.adapters.knowledge import FtsKnowledge
from countersign.adapters.replies import TemplateReplies
from countersign.desk import examples, load_desk
from countersign.domain.desk import Desk
from countersign.domain.errors import SettingsError, StorageError
from countersign.domain.model import Budget, Tier
from countersign.domain.ticket import TicketRef
from countersign.ledger import SqlLedger, open_ledger
from countersign.ledger.calls import SqlCalls
from countersign.ledger.journal import journaled
from countersign.llm.bound import Parts
from countersign.llm.cassette import read_cassette
from countersign.llm.models import SeatedModels
from countersign.llm.seat import Seat
from countersign.llm.seats import Seats
from countersign.policy.gate import CedarGate
from countersign.ports import Clock, Deps, Outbox, Shop, TriageModel
from countersign.settings import DayBudget, Settings, TicketBudget
from countersign.triage.classifier import Options
from countersign.triage.embeddings import Access
from countersign.triage.escalation import read_escalations
from countersign.triage.store import load_or_train
from graphs.agents.resolver import AgentResolver
from graphs.support import fingerprint
from tools.gateway import EffectGateway

if TYPE_CHECKING:
    from pathlib import Path


def compose(
    settings: Settings, clock: Clock | None, on_point: Callable[[str], None] | None, stack: ExitStack
) -> tuple[Deps, SqlLedger]:
    """Every part of the desk; what has to be closed is on the stack."""
    _private_folder(settings.var)
    desk = load_desk(settings.desk_folder)
    clock = clock or SystemClock()
    ledger = open_ledger(settings.ledger_file, on_point)
    stack.callback(ledger.close)
    knowledge = FtsKnowledge(desk.folder / "knowledge")
    stack.callback(knowledge.close)
    deps = Deps(
        desk=desk,
        shop=open_configured_shop(settings, clock, stack),
        knowledge=knowledge,
        replies=TemplateReplies(desk),
        outbox=_outbox(settings, desk),
        blobs=FolderBlobs(settings.var / "blobs"),
        triage=_triage(desk, settings),
        resolver=AgentResolver(),
        history=ledger,
        gate=CedarGate(desk),
        gateway=EffectGateway(),
        models=seated_models(settings, desk, ledger, clock, stack),
        ledger=ledger,
        clock=clock,
        scope=partial(_scoped, ledger=ledger),
        graph=fingerprint(),
        on_point=on_point,
    )
    return deps, ledger


def _scoped(deps: Deps, ref: TicketRef, step: str, ledger: SqlLedger) -> Deps:
    """Deps whose reads, and whose models' answers, are recorded for one step."""
    models = deps.models.bound(ref, step) if isinstance(deps.models, SeatedModels) else deps.models
    return replace(journaled(deps, ref, step, ledger), models=models)


def seated_models(settings: Settings, desk: Desk, ledger: SqlLedger, clock: Clock, stack: ExitStack) -> SeatedModels:
    """What sits in the seats, held to the budgets. Raises SettingsError where a setting names nothing of the kind."""
    maker, tiers = Seats(desk.policy), cast("tuple[Tier, ...]", get_args(Tier))
    stack.callback(maker.loop.close)
    made: dict[Tier, Seat | None] = {
        tier: maker.seat(tier, getattr(settings.model, tier), settings.seat(tier)) for tier in tiers
    }
    seats: dict[Tier, Seat] = {tier: seat for tier, seat in made.items() if seat}
    return SeatedModels(
        Parts(
            seats=seats,
            book=SqlCalls(ledger),
            budgets=(_budget(settings.ticket_budget), _budget(settings.day_budget)),
            clock=clock,
            prompts=desk.prompts,
            cassette=read_cassette(settings.replay) if settings.replay else None,
        )
    )


def _budget(most: TicketBudget | DayBudget) -> Budget:
    micros = int(most.dollars * 1_000_000)
    return Budget(calls=most.calls, tokens=most.tokens, ms=int(most.seconds * 1000), micros=micros)


def _triage(desk: Desk, settings: Settings) -> TriageModel:
    return load_or_train(
        examples(desk),
        settings.var / "triage",
        options=Options(
            target_error=desk.settings.triage.target_error,
            confidence=desk.settings.triage.confidence,
            embeddings=settings.embeddings.source,
        ),
        access=Access(settings.embeddings.key.get_secret_value(), settings.embeddings.timeout),
        escalations=read_escalations(desk.folder / "escalate.toml"),
        languages=desk.settings.languages,
    )


def open_configured_shop(settings: Settings, clock: Clock, stack: ExitStack) -> Shop:
    """The demonstration shop behind a database URL, seeded when empty, or `package.module:factory` of one's own."""
    if "://" not in settings.shop_url:
        return _own_shop(settings.shop_url)
    from countersign.adapters.shop import open_shop, seed

    shop = open_shop(settings.shop_url, clock.now)
    stack.callback(shop.close)
    today = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    seed(shop, today)
    return shop


def _own_shop(reference: str) -> Shop:
    module, _, name = reference.partition(":")
    try:
        factory = cast("Callable[[], Shop]", getattr(importlib.import_module(module), name))
    except (ImportError, AttributeError, ValueError) as error:
        hint = "give a database URL, or package.module:factory of a countersign.ports.Shop"
        raise SettingsError(f"no shop can be opened: {error}", where="COUNTERSIGN_SHOP", hint=hint) from error
    return factory()


def _outbox(settings: Settings, desk: Desk) -> Outbox:
    if settings.outbox == "maildir":
        from countersign.adapters.outbox import MaildirOutbox

        return MaildirOutbox(settings.var / "outbox", desk.settings.mail)
    from countersign.adapters.outbox import SmtpOutbox

    return SmtpOutbox(settings.smtp, desk.settings.mail)


def _private_folder(folder: "Path") -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        hint = "name a folder that can be written with --var or COUNTERSIGN_VAR"
        raise StorageError(f"can't be made: {error.strerror}", where=str(folder), hint=hint, detail="var") from error

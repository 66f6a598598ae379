"""Builds the parts of a desk from its settings and its folder."""

import importlib
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, cast

from countersign.adapters.blobs import FolderBlobs
from countersign.adapters.clock import SystemClock
from countersign.adapters.knowledge import FtsKnowledge
from countersign.adapters.replies import TemplateReplies
from countersign.desk import examples, load_desk
from countersign.domain.desk import Desk
from countersign.domain.errors import SettingsError, StorageError
from countersign.ledger import SqlLedger, open_ledger
from countersign.ledger.journal import journaled
from countersign.llm.models import OfflineModels
from countersign.policy.gate import CedarGate
from countersign.ports import Clock, Deps, Outbox, Shop, TriageModel
from countersign.settings import Settings
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
        models=OfflineModels(),
        resolver=AgentResolver(),
        history=ledger,
        gate=CedarGate(desk),
        gateway=EffectGateway(),
        ledger=ledger,
        clock=clock,
        scope=partial(journaled, journal=ledger),
        graph=fingerprint(),
        on_point=on_point,
    )
    return deps, ledger


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

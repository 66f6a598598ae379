"""Builds the parts of a desk from its settings and its folder."""

import importlib
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from countersign.adapters.blobs import FolderBlobs
from countersign.adapters.clock import SystemClock
from countersign.adapters.knowledge import FtsKnowledge
from countersign.adapters.locks import TicketLocks
from countersign.adapters.replies import TemplateReplies
from countersign.desk import examples, load_desk
from countersign.domain.desk import Desk
from countersign.domain.errors import SettingsError, StorageError
from countersign.domain.ticket import TicketRef
from countersign.ledger import SqlLedger, models, open_ledger
from countersign.ledger.calls import SqlCalls
from countersign.ledger.journal import journaled
from countersign.ledger.read import Source, identity
from countersign.llm.models import bound_to
from countersign.parts import parts_of
from countersign.policy.gate import CedarGate
from countersign.ports import Clock, Deps, Outbox, Shop, TriageModel
from countersign.seating import seated_models
from countersign.settings import Settings
from countersign.spans import UNTRACED
from countersign.telemetry.tracer import open_tracer
from countersign.triage.classifier import Options
from countersign.triage.embeddings import Access
from countersign.triage.escalation import read_escalations
from countersign.triage.model import LocalTriage
from countersign.triage.signals import Weighed, read_signals
from countersign.triage.store import load_or_train
from countersign.triage.versions import Current, open_version
from graphs.agents.resolver import AgentResolver
from graphs.support import fingerprint
from tools.gateway import EffectGateway


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """The parts that are read once and hold no file open: processes that fork may share them."""

    desk: Desk
    replies: TemplateReplies
    shipped: Callable[[], LocalTriage]
    """The triage model of the desk's own examples, opened when it is first asked for."""
    gate: CedarGate


def load(settings: Settings) -> Loaded:
    """Reads the desk's folder."""
    _private_folder(settings.var)
    desk = load_desk(settings.desk_folder)
    shipped = cache(partial(shipped_triage, desk, settings))
    return Loaded(desk=desk, replies=TemplateReplies(desk), shipped=shipped, gate=CedarGate(desk))


def compose(
    settings: Settings, loaded: Loaded, clock: Clock | None, on_point: Callable[[str], None] | None, stack: ExitStack
) -> tuple[Deps, SqlLedger]:
    """Every part of the desk; what has to be closed is on the stack."""
    _private_folder(settings.var)
    desk, clock = loaded.desk, clock or SystemClock()
    ledger = open_ledger(settings.ledger_file, on_point)
    stack.callback(ledger.close)
    shop = open_configured_shop(settings, clock, stack)
    knowledge = FtsKnowledge(desk.folder / "knowledge")
    stack.callback(knowledge.close)
    triage = _weighed(loaded, settings, ledger)
    tracer = open_tracer(settings.var, settings.trace_megabytes, settings.otlp_endpoint, partial(identity, ledger))
    if tracer:
        stack.callback(tracer.close)
    deps = Deps(
        desk=desk,
        shop=shop,
        knowledge=knowledge,
        replies=loaded.replies,
        outbox=_outbox(settings, desk),
        blobs=FolderBlobs(settings.var / "blobs"),
        triage=triage,
        resolver=AgentResolver(),
        history=ledger,
        gate=loaded.gate,
        gateway=EffectGateway(TicketLocks(settings.var / "locks" / "effects").alone),
        models=seated_models(settings, desk, SqlCalls(ledger), clock, stack, tracer or UNTRACED),
        ledger=ledger,
        clock=clock,
        tracer=tracer or UNTRACED,
        scope=partial(_scoped, ledger=ledger, parts=_parts_in_use(ledger, loaded, triage)),
        graph=fingerprint(),
        on_point=on_point,
    )
    return deps, ledger


def _scoped(deps: Deps, ref: TicketRef, step: str, *, ledger: SqlLedger, parts: Callable[[], str]) -> Deps:
    """Deps whose reads, and whose models' answers, are recorded for one step."""
    return replace(journaled(deps, ref, step, ledger, parts), models=bound_to(deps.models, ref, step))


def compose_dry(settings: Settings, stack: ExitStack, *, shop: bool) -> Deps:
    """The parts that read and decide, with nothing behind them that acts: for replays, which bring their own ledger.

    With `shop`, facts can be looked up, in a snapshot where the shop is a SQLite file.
    """
    loaded = load(settings)
    clock, absent = SystemClock(), cast("Any", None)
    knowledge = FtsKnowledge(loaded.desk.folder / "knowledge")
    stack.callback(knowledge.close)
    return Deps(
        desk=loaded.desk, shop=_shop_to_read(settings, clock, stack) if shop else absent, knowledge=knowledge,
        replies=loaded.replies, outbox=absent, blobs=FolderBlobs(settings.var / "blobs"),
        triage=_weighed(loaded, settings, settings.ledger_file), resolver=AgentResolver(), history=absent,
        models=seated_models(settings, loaded.desk, absent, clock, stack), gate=loaded.gate, gateway=absent,
        ledger=absent, clock=clock, scope=absent, graph=fingerprint(),
    )  # fmt: skip


def _shop_to_read(settings: Settings, clock: Clock, stack: ExitStack) -> Shop:
    """The shop for lookups alone: it is neither made nor seeded, and a SQLite file is not even opened for writing."""
    if "://" not in settings.shop_url:
        return _own_shop(settings.shop_url)
    from countersign.adapters.shop import SqlShop, snapshot

    engines = snapshot(settings.shop_url, Path(stack.enter_context(TemporaryDirectory(prefix="countersign-"))))
    stack.callback(engines.close)
    return SqlShop(engines, clock.now)


def todays_parts(deps: Deps) -> dict[str, str]:
    """What is in use now, by name and digest; of reply templates where the replies are the desk's own."""
    texts = deps.replies.texts() if isinstance(deps.replies, TemplateReplies) else {}
    return parts_of(deps.desk, texts, triage_digest(deps.triage))


def _parts_in_use(ledger: SqlLedger, loaded: Loaded, triage: TriageModel) -> Callable[[], str]:
    """Answers the digest of what is in use; worked out when a read is written, because not every command reads."""

    @cache
    def keep(model: str) -> str:
        return ledger.keep_parts(parts_of(loaded.desk, loaded.replies.texts(), model))

    return lambda: keep(triage_digest(triage))


def triage_digest(triage: TriageModel) -> str:
    """What names the model; empty for one of somebody's own that has no digest."""
    return str(getattr(triage, "digest", ""))


def _weighed(loaded: Loaded, settings: Settings, source: Source) -> Weighed:
    """The triage that the graph sees: the model in use, held against the desk's signals."""
    desk = loaded.desk
    current = current_triage(loaded.shipped, desk, settings, source)
    return Weighed(current, read_signals(desk.folder / "signals.toml", desk.requests))


def current_triage(shipped: Callable[[], LocalTriage], desk: Desk, settings: Settings, source: Source) -> Current:
    """The model in use: the learnt version that the ledger names, or the shipped one."""
    folder, access = settings.var / "triage", embeddings_access(settings)
    escalations = read_escalations(desk.folder / "escalate.toml")

    def opened(version: int) -> LocalTriage:
        if version == 0:
            return shipped()
        model = open_version(models.find(source, version), folder, desk.requests, access)
        return LocalTriage(model, escalations=escalations, languages=desk.settings.languages)

    return Current(partial(models.in_use, source), partial(models.below, source), opened)


def shipped_triage(desk: Desk, settings: Settings) -> LocalTriage:
    """The triage model of the desk's own examples; it is trained first where that has to be."""
    return load_or_train(
        examples(desk),
        settings.var / "triage",
        options=triage_options(desk, settings),
        access=embeddings_access(settings),
        escalations=read_escalations(desk.folder / "escalate.toml"),
        languages=desk.settings.languages,
    )


def triage_options(desk: Desk, settings: Settings) -> Options:
    """What a training is told by the desk and the settings."""
    return Options(
        target_error=desk.settings.triage.target_error,
        confidence=desk.settings.triage.confidence,
        embeddings=settings.embeddings.source,
    )


def embeddings_access(settings: Settings) -> Access:
    """How an endpoint of embeddings is reached."""
    return Access(settings.embeddings.key.get_secret_value(), settings.embeddings.timeout)


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


def _private_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        hint = "name a folder that can be written with --var or COUNTERSIGN_VAR"
        raise StorageError(f"can't be made: {error.strerror}", where=str(folder), hint=hint, detail="var") from error

"""What `doctor` looks at, one check after the other. Nothing is made or changed by looking."""

import os
import platform
import socket
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from countersign.domain.errors import CountersignError
from countersign.settings import Settings

PACKAGES = ("countersign", "graphs", "nodes", "tools", "checkpoints")
_LIBRARIES = ("langgraph", "langchain-core", "cedarpy", "pydantic", "scikit-learn", "sqlalchemy")
_OLDEST_SQLITE = (3, 37)
"""STRICT tables came with it."""
_NOT_YET = "not made yet; the first countersign run makes it"


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """What one look found: `step` is what to do where it is not ok."""

    name: str
    ok: bool
    text: str
    step: str = ""
    code: str = ""


def checks(settings: Settings) -> tuple[Check, ...]:
    """Every check of an installation, a desk and its files; none raises."""
    from countersign.cli.checkup_traces import traces

    looks: tuple[tuple[str, Callable[[Settings], Iterator[Check]]], ...] = (
        ("packages", _packages),
        ("libraries", _libraries),
        ("decoding", _decoding),
        ("sqlite", _sqlite),
        ("settings", _settings),
        ("runtime files", _var),
        ("desk", _desk),
        ("policy", _policy),
        ("templates", _templates),
        ("triage", _triage),
        ("ledger", _ledger),
        ("checkpoints", _checkpoints),
        ("shop", _shop),
        ("outbox", _outbox),
        ("traces", traces),
    )
    return tuple(found for name, look in looks for found in _safely(name, look, settings))


def _safely(name: str, look: Callable[[Settings], Iterator[Check]], settings: Settings) -> tuple[Check, ...]:
    """The findings of one look; where it can't be taken, the error is the finding."""
    try:
        return tuple(look(settings))
    except CountersignError as error:
        place = f"{error.where}: " if error.where else ""
        return (Check(name=name, ok=False, text=f"{place}{error.message}", step=error.hint, code=error.full_code),)
    except (OSError, sqlite3.Error) as error:
        return (Check(name=name, ok=False, text=str(error), step="check the file and its rights", code="storage"),)


def _packages(_: Settings) -> Iterator[Check]:
    """Another distribution's top-level `tools` would shadow ours; all five must come from one place."""
    places = {name: _parent(name) for name in PACKAGES}
    home = places["countersign"]
    astray = [f"{name} from {place or 'nowhere'}" for name, place in places.items() if place != home]
    if astray:
        step = "remove the package that shadows it, or install into an environment of its own"
        yield Check(name="packages", ok=False, text=", ".join(astray), step=step, code="misuse.packages")
    else:
        yield Check(name="packages", ok=True, text=f"{', '.join(PACKAGES)} in {home}")


def _parent(package: str) -> Path | None:
    spec = find_spec(package)
    return Path(spec.origin).resolve().parent.parent if spec and spec.origin else None


def _libraries(_: Settings) -> Iterator[Check]:
    found = {name: _version(name) for name in _LIBRARIES}
    missing = [name for name, number in found.items() if not number]
    text = f"python {platform.python_version()}, " + ", ".join(f"{name} {number}" for name, number in found.items())
    if missing or sys.version_info < (3, 11):
        step = "install countersign with its dependencies on Python 3.11 or newer"
        yield Check(name="libraries", ok=False, text=text, step=step, code="misuse.libraries")
    else:
        yield Check(name="libraries", ok=True, text=text)


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""


def _decoding(_: Settings) -> Iterator[Check]:
    from checkpoints.strict import enable_strict, require_strict

    enable_strict()
    require_strict()
    yield Check(name="decoding", ok=True, text="stored state is decoded by an allow-list only")


def _sqlite(_: Settings) -> Iterator[Check]:
    number = sqlite3.sqlite_version
    step = "use a Python that is built with a newer SQLite, with FTS5"
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        yield Check(
            name="sqlite", ok=False, text=f"{number} is too old: 3.37 is needed", step=step, code="misuse.sqlite"
        )
        return
    try:
        with closing(sqlite3.connect(":memory:")) as memory:
            memory.execute("CREATE VIRTUAL TABLE probe USING fts5(text)")
    except sqlite3.OperationalError:
        yield Check(name="sqlite", ok=False, text=f"{number} has no full-text search", step=step, code="misuse.sqlite")
    else:
        yield Check(name="sqlite", ok=True, text=f"{number} with full-text search")


def _settings(settings: Settings) -> Iterator[Check]:
    kind = "of your own" if settings.shop else "of the demonstration"
    text = f"var {settings.var}, desk {settings.desk_folder}, shop {kind}, outbox {settings.outbox}"
    yield Check(name="settings", ok=True, text=text)


def _var(settings: Settings) -> Iterator[Check]:
    yield _writable("runtime files", settings.var)


def _writable(name: str, folder: Path) -> Check:
    """Whether a folder can be written, or made where it is not there yet."""
    step = "name another folder with --var or COUNTERSIGN_VAR"
    if folder.exists() and not folder.is_dir():
        return Check(name=name, ok=False, text=f"{folder}: is a file", step=step, code="storage.var")
    existing = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        return Check(name=name, ok=False, text=f"{existing}: can't be written", step=step, code="storage.var")
    return Check(name=name, ok=True, text=f"{folder}" + ("" if existing == folder.absolute() else f": {_NOT_YET}"))


def _desk(settings: Settings) -> Iterator[Check]:
    from countersign.adapters.knowledge import FtsKnowledge
    from countersign.desk import examples, load_desk

    desk = load_desk(settings.desk_folder)
    labelled, articles = len(examples(desk)), FtsKnowledge(desk.folder / "knowledge")
    sections = len(articles.sections)
    articles.close()
    counts = f"{len(desk.requests)} requests, {labelled} examples, {sections} help-centre sections"
    yield Check(name="desk", ok=True, text=f"{desk.settings.name}: {counts}, {len(desk.people)} people")


def _policy(settings: Settings) -> Iterator[Check]:
    from countersign.desk import load_desk
    from countersign.policy.check import check_policy
    from countersign.policy.gate import CedarGate

    desk = load_desk(settings.desk_folder)
    for problem in check_policy(desk):
        yield Check(
            name="policy",
            ok=False,
            text=str(problem),
            step="correct it; see countersign policy check",
            code="desk.policy",
        )
    yield Check(name="policy", ok=True, text=f"digest {CedarGate(desk).digest[:16]}")


def _templates(settings: Settings) -> Iterator[Check]:
    from countersign.adapters.replies import TemplateReplies, check_templates
    from countersign.desk import load_desk

    desk = load_desk(settings.desk_folder)
    problems = check_templates(desk)
    for problem in problems:
        place = f"{problem.file}:{problem.line}: {problem.template}: {problem.text}"
        yield Check(name="templates", ok=False, text=place, step="correct the template", code="desk.template")
    if not problems:
        count = len(TemplateReplies(desk).names(desk.settings.languages[0]))
        yield Check(name="templates", ok=True, text=f"{count} in {', '.join(desk.settings.languages)}")


def _triage(settings: Settings) -> Iterator[Check]:
    from countersign.cli.checkup_triage import triage

    return triage(settings)


def _ledger(settings: Settings) -> Iterator[Check]:
    from countersign.ledger.check import check_ledger
    from countersign.ledger.read import summary

    path = settings.ledger_file
    if not path.exists():
        yield Check(name="ledger", ok=True, text=f"{path}: {_NOT_YET}")
        return
    problems = check_ledger(path)
    for problem in problems:
        harm = "stop the desk, keep the file as it is, and compare it with a backup"
        step = "give the command again" if problem.code == "erasure.unfinished" else harm
        yield Check(name="ledger", ok=False, text=f"{path}: {problem.text}", step=step, code=problem.code)
    if not problems:
        found = summary(path)
        left = f", {found.received} unfinished: run countersign reconcile" if found.received else ""
        text = f"{path}: pages, version, triggers and audit chain are sound; {found.waiting} waiting{left}"
        yield Check(name="ledger", ok=True, text=text)


def _checkpoints(settings: Settings) -> Iterator[Check]:
    from checkpoints.file import read_only

    path = settings.checkpoint_file
    if not path.exists():
        yield Check(name="checkpoints", ok=True, text=f"{path}: {_NOT_YET}")
        return
    with read_only(path) as connection:
        said = [str(row[0]) for row in connection.execute("PRAGMA quick_check")]
        threads = connection.execute("SELECT COUNT(DISTINCT thread_id) FROM checkpoints").fetchone()[0]
    if said == ["ok"]:
        yield Check(name="checkpoints", ok=True, text=f"{path}: sound, {threads} threads")
    else:
        step = "move the file away and run countersign reconcile: threads are built anew from the ledger"
        yield Check(name="checkpoints", ok=False, text=f"{path}: {said[0]}", step=step, code="storage.corrupt")


def _shop(settings: Settings) -> Iterator[Check]:
    """A shop that was never opened is not opened now: opening makes and fills the demonstration's database."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    from countersign.domain.errors import SettingsError

    if "://" not in settings.shop_url:
        yield _own_shop(settings)
        return
    try:
        url = make_url(settings.shop_url)
    except (ArgumentError, ValueError):
        raise SettingsError("is no database URL", where="COUNTERSIGN_SHOP", hint="see docs/bring-your-own.md") from None
    shown = url.render_as_string(hide_password=True)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        yield Check(name="shop", ok=True, text=f"{shown}: {_NOT_YET}")
        return
    yield _asked_shop(settings, shown)


def _asked_shop(settings: Settings, shown: str) -> Check:
    """One harmless question to a shop that exists."""
    from countersign.adapters.shop import engines, reads
    from countersign.adapters.shop.order_tables import orders

    with closing(engines.open_engines(settings.shop_url)) as opened, opened.read() as connection:
        reads.orders_where(connection, orders.c.number == "FH-10001")
    return Check(name="shop", ok=True, text=f"{shown}: answers")


def _own_shop(settings: Settings) -> Check:
    from contextlib import ExitStack

    from countersign.adapters.clock import SystemClock
    from countersign.compose import open_configured_shop

    try:
        with ExitStack() as stack:
            open_configured_shop(settings, SystemClock(), stack).order("countersign-doctor")
    except CountersignError:
        raise
    except Exception as error:  # noqa: BLE001  somebody's own code: whatever it raises is the finding
        text = f"{settings.shop_url}: {type(error).__name__}: {error}"
        return Check(name="shop", ok=False, text=text, step="correct the shop's code", code="misuse.shop")
    return Check(name="shop", ok=True, text=f"{settings.shop_url}: answers")


def _outbox(settings: Settings) -> Iterator[Check]:
    if settings.outbox == "maildir":
        yield _writable("outbox", settings.var / "outbox")
        return
    server = f"{settings.smtp.host}:{settings.smtp.port}"
    try:
        socket.create_connection((settings.smtp.host, settings.smtp.port), timeout=5).close()
    except OSError as error:
        step = "check COUNTERSIGN_SMTP__HOST and COUNTERSIGN_SMTP__PORT"
        yield Check(name="outbox", ok=False, text=f"{server}: {error}", step=step, code="retry.outbox")
    else:
        yield Check(name="outbox", ok=True, text=f"SMTP server {server} answers")

"""Erasure: all that the desk knows about one customer is destroyed, and what it can't reach is named.

It may run beside workers and servers, and be stopped at any moment: the tickets are closed for good first, what lies
outside the ledger goes next, then the ledger's rows with the secrets of its audit, then the files are written anew.
Whatever was begun is finished by the next erasure, of whomever.
"""

import json
import re
import shutil
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from email import message_from_bytes
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir
from time import time
from typing import TYPE_CHECKING

from checkpoints.file import ThreadFile
from checkpoints.thread import thread_id
from countersign.adapters.blobs import FolderBlobs
from countersign.adapters.outbox import MaildirOutbox
from countersign.domain.erasure import Erased
from countersign.domain.errors import RejectedError, SettingsError, StorageError
from countersign.domain.retention import Swept
from countersign.ledger import erasure as law
from countersign.ledger import models
from countersign.ledger.read import view
from countersign.ledger.recording import every_ticket
from countersign.llm import cassette
from countersign.triage.versions import LEARNT
from nodes.act.answer import known_person

if TYPE_CHECKING:
    from countersign.runtime import Runtime

_UNDER_WAY = 3600.0
"""Seconds for which mail that was put down may not be in the inbox yet."""
_TELLING = 5
"""Letters that a text must have to be looked for."""
_ABOUT = "erasure"
"""What the audit says that somebody wanted who may not."""


def erase(
    runtime: "Runtime",
    customer: str,
    person: str,
    *,
    cassettes: Sequence[Path] = (),
    leave_unknown: bool = False,
    dry_run: bool = False,
) -> Erased:
    """Destroys what the desk knows about a customer: an id of the system of record, or an address.

    Doing it again changes nothing. Raises RejectedError, and nothing has changed: `rejected.unknown_person`,
    `rejected.kept` where somebody marked a ticket to be kept, `rejected.in_doubt` where an effect is under way or,
    unless `leave_unknown`, its outcome unknown, `rejected.busy` where another process has a ticket. Raises
    StorageError `storage.busy` where a file can't be written anew yet: the same call goes on from there.
    """
    who = known_person(_ABOUT, person, runtime.deps)
    known = _known(runtime, customer)
    refs = (*law.tickets_of(runtime.ledger, known.ids, known.addresses), *_quarantined(runtime, known))
    work = _Work(runtime, known, refs, who.id, tuple(map(cassette.read_cassette, cassettes)))
    work.require_ended(leave_unknown=leave_unknown)
    if dry_run:
        return work.told(work.outside(dry_run=True), dry_run=True)
    with work.alone():
        return work.done()


@dataclass(frozen=True, slots=True)
class _Known:
    """Whom it is about."""

    ids: frozenset[str]
    addresses: frozenset[str]
    orders: frozenset[str]

    @property
    def marks(self) -> tuple[str, ...]:
        """Texts by which the customer is recognised, in lower case; one of a few letters would be found everywhere."""
        found = (mark.lower() for mark in (*self.ids, *self.addresses, *self.orders))
        return tuple(sorted(mark for mark in found if len(mark) >= _TELLING))

    def is_named(self, text: bytes) -> bool:
        """Whether a text names the customer: a mark stands in it as a whole, not as the end of somebody else's."""
        return any(
            re.search(rb"(?<![\w.%+-])" + re.escape(mark.encode()) + rb"(?![\w-]|\.\w)", text.lower())
            for mark in self.marks
        )


def _known(runtime: "Runtime", customer: str) -> _Known:
    """The customer's ids and addresses as far as one leads to another, by the system of record and the ledger."""
    text, shop = customer.strip(), runtime.deps.shop
    if not text:
        raise SettingsError("name a customer's id or an address", where="CUSTOMER")
    ids, addresses = (set[str](), {text.lower()}) if "@" in text else ({text}, set[str]())
    while True:
        before = len(ids) + len(addresses)
        ids |= {one.id for address in addresses for one in shop.customers_by_email(address)}
        addresses |= {found.email.lower() for one in ids if (found := shop.customer(one)) and found.email}
        for one, on_record in law.people_of(runtime.ledger, law.tickets_of(runtime.ledger, ids, addresses)):
            if one and on_record and (one in ids or on_record.lower() in addresses):
                ids, addresses = ids | {one}, addresses | {on_record.lower()}
        if len(ids) + len(addresses) == before:
            break
    orders = {order.number for one in ids for order in shop.orders_of(one)}
    return _Known(frozenset(ids), frozenset(addresses), frozenset(orders))


def _quarantined(runtime: "Runtime", known: _Known) -> Iterator[str]:
    """Items in quarantine that name one of the addresses."""
    writer = replace(known, ids=frozenset[str](), orders=frozenset[str]())
    for ref, said, raw in law.quarantined(runtime.ledger):
        if writer.is_named(said.encode("utf-8", "replace") + b"\n" + _bytes_of(runtime, raw)):
            yield ref


def _bytes_of(runtime: "Runtime", blob: str) -> bytes:
    """A blob; nothing where it is gone."""
    try:
        return runtime.deps.blobs.get(blob) if blob else b""
    except StorageError:
        return b""


def _attachments(body: bytes) -> set[str]:
    """The blobs of a parsed message's attachments."""
    return {attachment["blob"] for attachment in json.loads(body or b"{}").get("attachments", ())}


def _parts(raw: bytes) -> Iterator[str]:
    """The blobs that a raw mail's attachments have; of what is in quarantine nobody wrote them down."""
    for part in message_from_bytes(raw).walk():
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            yield sha256(content).hexdigest()


def _forget_scratch(tickets: Collection[str], known: _Known) -> None:
    """Scratch files that a replay left which was killed; another desk's ticket may have the same number."""
    for folder in (found / ticket for found in Path(gettempdir()).glob("countersign-*") for ticket in tickets):
        if any(_holds(path, known.marks) for path in folder.glob("*.db*")):
            shutil.rmtree(folder, ignore_errors=True)


def _holds(path: Path, marks: Collection[str]) -> bool:
    """Whether a mark stands anywhere in a file's bytes."""
    try:
        text = path.read_bytes().lower()
    except OSError:
        return False
    return any(mark.encode() in text for mark in marks)


@dataclass(slots=True)
class _Work:
    """One erasure under way."""

    runtime: "Runtime"
    known: _Known
    refs: tuple[str, ...]
    by: str
    cassettes: tuple[cassette.Cassette, ...]

    def require_ended(self, *, leave_unknown: bool) -> None:
        """Raises RejectedError where something of it may not be erased yet."""
        if kept := law.kept(self.runtime.ledger, self.refs):
            text = f"{', '.join(kept)} is marked to be kept"
            raise RejectedError(text, hint=f"countersign keep {kept[0]} --off", detail="kept")
        doubt = law.in_doubt(self.runtime.ledger, self.refs)
        if open_ones := [effect for effect, status in doubt if status == "started" or not leave_unknown]:
            hint = "countersign reconcile; what nobody can tell goes with --leave-unknown"
            raise RejectedError(
                f"it is not known whether {', '.join(open_ones)} happened", hint=hint, detail="in_doubt"
            )

    @contextmanager
    def alone(self) -> Generator[None]:
        """Nobody else has any of the tickets meanwhile, and nobody learns from them."""
        self.refs = tuple(dict.fromkeys((*law.unfinished(self.runtime.ledger), *self.refs)))
        with ExitStack() as stack:
            for name in ("triage-learning", *self.refs):
                if not stack.enter_context(self.runtime.locks.held(name)):
                    raise RejectedError(f"{name} is in other hands", hint="try again in a moment", detail="busy")
            yield

    def done(self) -> Erased:
        """Everything, in the order that can be gone on with."""
        ledger, now, point = self.runtime.ledger, self.runtime.deps.clock.now, self.runtime.deps.on_point
        law.begin(ledger, set(self.refs) - set(law.unfinished(ledger)), self.by, now())
        found = self.outside(dry_run=False)
        if point:
            point("erasure.outside")
        law.destroy(ledger, self.refs, now())
        with closing(ThreadFile(self.runtime.settings.checkpoint_file)) as threads:
            threads.scrub()
        ledger.file.scrub()
        law.finish(ledger, self.refs, now())
        return self.told(found, dry_run=False)

    def outside(self, *, dry_run: bool) -> Erased:
        """What lies outside the ledger, found by the ledger's rows while they are there."""
        runtime = self.runtime
        found = law.traces(runtime.ledger, self.refs)
        rows = law.rows_of(runtime.ledger, self.refs)
        others, mail = self._mail(found, dry_run=dry_run)
        outbox = MaildirOutbox(runtime.settings.var / "outbox", runtime.deps.desk.settings.mail)
        sent = sum(outbox.forget(key, dry_run=dry_run) for key in found.sent)
        recorded = sum(
            cassette.forget(one, found.requests, self.known.is_named, dry_run=dry_run) for one in self.cassettes
        )
        retrain = tuple(one.version for one in models.every(runtime.ledger) if found.labels & set(one.labels))
        in_use = self._fall_back(retrain, dry_run=dry_run)
        tickets = tuple(ref for ref in self.refs if not ref.startswith("Q-"))
        if not dry_run:
            _forget_scratch(tickets, self.known)
        return Erased(
            tickets=tickets, quarantined=len(self.refs) - len(tickets), rows=rows, mail=mail, sent=sent,
            threads=self._threads(tickets, dry_run=dry_run), cassettes=recorded, labels=len(found.labels),
            retrain=retrain, in_use=in_use, others=others,
            unknown=tuple(effect for effect, _ in law.in_doubt(runtime.ledger, self.refs)),
        )  # fmt: skip

    def told(self, found: Erased, *, dry_run: bool) -> Erased:
        """With what is left elsewhere."""
        left = () if dry_run else tuple(self._left())
        return found.model_copy(update={"left": left, "dry_run": dry_run})

    def _mail(self, found: law.Traces, *, dry_run: bool) -> tuple[tuple[str, ...], Swept]:
        """Other people's tickets that mention the customer; and the blobs that none of those needs."""
        blobs = FolderBlobs(self.runtime.settings.var / "blobs")
        mentioned = set(law.mentions(self.runtime.ledger, self.refs, self.known.marks))
        needed = set[str]()
        for ticket, body, raw in law.others_mail(self.runtime.ledger, self.refs):
            needed |= {body, raw, *_attachments(_bytes_of(self.runtime, body)), *_parts(_bytes_of(self.runtime, raw))}
            if ticket and (self._is_named(body) or self._is_named(raw)):
                mentioned.add(ticket)
        strays = (blob for blob in blobs.put_before(time() - _UNDER_WAY) if blob not in needed)
        mail = {*found.bodies, *found.raw, *filter(self._is_named, strays)} - needed
        attached = {blob for body in found.bodies for blob in _attachments(_bytes_of(self.runtime, body))}
        attached |= {blob for raw in found.raw for blob in _parts(_bytes_of(self.runtime, raw))}
        # The mail goes last: it says what was attached, whenever this is gone on with.
        swept = [blobs.forget(names, dry_run=dry_run) for names in (attached - needed - mail, mail)]
        files, size = sum(one.files for one in swept), sum(one.bytes for one in swept)
        return tuple(sorted(mentioned)), Swept(files=files, bytes=size)

    def _is_named(self, blob: str) -> bool:
        return self.known.is_named(_bytes_of(self.runtime, blob))

    def _threads(self, tickets: Collection[str], *, dry_run: bool) -> int:
        """The tickets' threads, and copies of them that somebody made under other names."""
        saver, kept = self.runtime.saver, self.runtime.saver.lengths()
        with view(self.runtime.ledger) as connection:
            strange = kept.keys() - {thread_id(ticket) for ticket in every_ticket(connection)}
        own = {thread_id(ticket) for ticket in tickets}
        found = (own & kept.keys()) | {thread for thread in strange if self._is_about(thread, tickets)}
        for thread in () if dry_run else own | found:
            saver.delete_thread(thread)
        return len(found)

    def _is_about(self, thread: str, tickets: Collection[str]) -> bool:
        try:
            head = self.runtime.saver.get_tuple({"configurable": {"thread_id": thread}})
        except StorageError:
            return False
        ticket = head.checkpoint["channel_values"].get("ticket") if head else None
        return getattr(ticket, "id", "") in tickets

    def _fall_back(self, retrain: Collection[int], *, dry_run: bool) -> int | None:
        """Destroys the models that learnt from it; another one is put into use first where that has to be."""
        ledger, known = self.runtime.ledger, {one.version: one for one in models.every(self.runtime.ledger)}
        before = models.in_use(ledger)
        sound = max((one for one in known if one < before and one not in retrain), default=0)
        if dry_run:
            return sound if before in retrain else None
        if before in retrain:
            models.roll_back(ledger, sound, before, self.by, self.runtime.deps.clock.now())
        folder = self.runtime.settings.var / "triage" / LEARNT
        living = {one.place for one in known.values() if one.version not in retrain}
        for place in folder.glob("*"):
            if place.name not in living:
                shutil.rmtree(place)
        return sound if before in retrain else None

    def _left(self) -> Iterator[str]:
        """Files of the runtime folder and of the desk in which the customer can still be recognised."""
        settings = self.runtime.settings
        folders = (settings.var, settings.desk_folder)
        for path in (path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()):
            record = path.parent == settings.var and path.name.startswith("shop.db")  # the business's own
            if not record and _holds(path, self.known.marks):
                yield str(path)

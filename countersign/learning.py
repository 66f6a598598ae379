"""Learning: a model of what people said is tried against the one in use, and a person puts it into use.

A running desk predicts with the version in use: it looks that up for each message, so that a promotion or a rollback
counts from the next message on. What a step was told before stays as it was told.
"""

import shutil
import uuid
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from countersign.compose import current_triage, embeddings_access, shipped_triage, triage_options
from countersign.desk import examples as desk_examples
from countersign.display.learning import LearntView, ModelsView
from countersign.domain.desk import Desk, Person
from countersign.domain.errors import RejectedError, SettingsError, StorageError
from countersign.domain.learning import Comparison, Label, Learnt, LearntModel, Listed
from countersign.labelling import label, read_turn
from countersign.ledger import labels, models
from countersign.ledger.read import Source
from countersign.settings import Settings
from countersign.triage.learning import Lessons, Past, candidate, compare, incumbent, lessons
from countersign.triage.model import LocalTriage, Model
from countersign.triage.versions import LEARNT, open_version

if TYPE_CHECKING:
    from countersign.runtime import Runtime
    from countersign.triage.classifier import Options
    from countersign.triage.train import Trained

MOST_PAST = 1_000
"""Past turns that a candidate is tried on: the latest."""
OnStage = Callable[[str], None]
"""Hears what is being done now, in a few words."""


def learn(
    runtime: "Runtime", person: str = "", *, margin: float | None = None, dry_run: bool = False,
    on_stage: OnStage = lambda _: None,
) -> Learnt:  # fmt: skip
    """Trains on the desk's examples and its people's labels, tries that against the model in use, and promotes it.

    It is promoted where it is not worse by more than `margin` (the desk's where none is given) on the same held-out
    examples and on past turns, in the name of a person whose role permits it; with `dry_run` never, and by nobody.
    Stopped at any moment, the model in use stays. Raises RejectedError: `rejected.unknown_person`,
    `rejected.not_permitted`, `rejected.learning` where another learning runs, `rejected.superseded` where another
    version was put into use meanwhile; DeskError where the examples are too few.
    """
    who = None if dry_run else _promoter(runtime, person)
    margin = runtime.deps.desk.settings.learning.margin if margin is None else margin
    with _alone(runtime):
        before = models.in_use(runtime.ledger)
        on_stage("reading examples and labels")
        version, reader = _in_use(runtime)
        found = _lessons(runtime)
        known = models.find(runtime.ledger, version).labels if version else ()
        told = Learnt(
            examples=len(found.examples), labels=len(found.places), left_out=found.left_out, before=before,
            text="There is nothing new to learn: the model in use knows every example and label.",
        )  # fmt: skip
        if _is_known(runtime, found, reader):
            return told
        trained, comparison = _tried(runtime, found, known, reader, _options(runtime, version), margin, on_stage)
        if who is None or comparison.against:
            if who is not None:
                models.note_kept_out(runtime.ledger, who.id, comparison, runtime.deps.clock.now())
            return told.model_copy(update={"comparison": comparison, "text": _verdict(comparison)})
        on_stage("putting it into use")
        made = _promote(runtime, trained, found, comparison, who, before)
        text = f"Version {made} is in use, promoted by {who.id}."
        return told.model_copy(update={"comparison": comparison, "version": made, "text": text})


def roll_back(runtime: "Runtime", person: str, version: int | None = None) -> int:
    """Puts an earlier version into use again, the one before where none is named; answers its number.

    0 is the model of the desk's own examples. Raises RejectedError like `learn`, and `rejected.in_use` where it is in
    use already; StorageError where there is no such version, or its file is refused.
    """
    who = _promoter(runtime, person)
    before = models.in_use(runtime.ledger)
    wanted = models.below(runtime.ledger, before) if version is None else version
    if wanted == before:
        raise RejectedError(f"version {wanted} is in use", hint="countersign triage models", detail="in_use")
    if wanted:
        _opened(models.find(runtime.ledger, wanted), runtime.settings, runtime.deps.desk)
    models.roll_back(runtime.ledger, wanted, before, who.id, runtime.deps.clock.now())
    return wanted


def listed(source: Source, settings: Settings, desk: Desk) -> tuple[Listed, ...]:
    """Every version, newest first, with what is wrong with its file."""
    in_use, history = models.in_use(source), models.history(source)
    removed = labels.removed(source)
    found = [
        Listed(
            version=model.version, in_use=model.version == in_use, trouble=_trouble(model, settings, desk),
            removed=len(removed & set(model.labels)), model=model,
            promoted=tuple(one for one in history if one.version == model.version),
        )
        for model in models.every(source)
    ]  # fmt: skip
    own = Listed(version=0, in_use=in_use == 0, promoted=tuple(one for one in history if one.version == 0))
    return (*reversed(found), own)


def _in_use(runtime: "Runtime") -> tuple[int, LocalTriage]:
    """The version in use and its model, read anew."""
    desk, settings = runtime.deps.desk, runtime.settings
    return current_triage(partial(shipped_triage, desk, settings), desk, settings, runtime.ledger).now()


def _opened(model: LearntModel, settings: Settings, desk: Desk) -> Model:
    return open_version(model, settings.var / "triage", desk.requests, embeddings_access(settings))


def _trouble(model: LearntModel, settings: Settings, desk: Desk) -> str:
    try:
        _opened(model, settings, desk)
    except StorageError as error:
        return error.message
    return ""


def _promoter(runtime: "Runtime", person: str) -> Person:
    """The person, if they may put models into use; refusals are kept in the audit."""
    if not person:
        raise SettingsError("say who", where="--as", hint="an id of the desk's people.toml, or --dry-run")
    desk = runtime.deps.desk
    who, roles = desk.people.get(person), desk.settings.learning.roles
    if who is not None and set(who.roles) & set(roles):
        return who
    if who is None:
        error = RejectedError("the desk knows no such person", hint="people stand in the desk's people.toml",
                              detail="unknown_person")  # fmt: skip
    else:
        error = RejectedError(f"{who.name} may not put a model into use", where="desk.toml [learning] roles",
                              hint=f"somebody with the role {' or '.join(roles) or '(none is named)'} may",
                              detail="not_permitted")  # fmt: skip
    models.note_refused(runtime.ledger, person, error.full_code, runtime.deps.clock.now())
    raise error


@contextmanager
def _alone(runtime: "Runtime") -> Generator[None]:
    """One learning at a time: the lock goes with the process that holds it."""
    with runtime.locks.held("triage-learning") as ours:
        if not ours:
            raise RejectedError("another learning runs on this desk", hint="wait for its end", detail="learning")
        _tidy(runtime)
        yield


def _tidy(runtime: "Runtime") -> None:
    """Removes folders that a learning left which was stopped before the ledger knew of them."""
    known = {model.place for model in models.every(runtime.ledger)}
    for folder in (_folder(runtime) / LEARNT).glob("*"):
        if folder.name not in known:
            shutil.rmtree(folder, ignore_errors=True)


def _lessons(runtime: "Runtime") -> Lessons:
    desk = runtime.deps.desk
    given = labels.standing(runtime.ledger)
    return lessons(desk_examples(desk), given, desk.requests, desk.settings.languages)


def _tried(
    runtime: "Runtime",
    found: Lessons,
    known: Sequence[str],
    reader: LocalTriage,
    options: "Options",
    margin: float,
    on_stage: OnStage,
) -> "tuple[Trained, Comparison]":
    on_stage(f"training on {len(found.examples):,} examples, {len(found.places)} of them labels")
    access = embeddings_access(runtime.settings)
    trained, after = candidate(found, triage_options(runtime.deps.desk, runtime.settings), access, reader)
    on_stage("fitting the model in use anew, without each part that is held out")
    before = incumbent(found, known, reader, options, access)
    past = _past(runtime)
    on_stage(f"trying both on {len(past):,} past turns")
    return trained, compare(found, past, before, after, margin)


def _past(runtime: "Runtime") -> tuple[Past, ...]:
    """The latest turns as triage read them, each with what a label or an approval says that it asked."""
    given = {(label.ticket, label.turn): label for label in labels.standing(runtime.ledger)}
    approved = labels.approved(runtime.ledger)
    found: list[Past] = []
    for ref in labels.past(runtime.ledger, MOST_PAST):
        read = read_turn(runtime, ref)
        if read is not None:
            word = given.get((ref.id, ref.turn))
            known = word.requests if word else approved.get((ref.id, ref.turn), ())
            found.append(Past(ticket=ref.id, turn=ref.turn, subject=read.subject, text=read.text,
                              language=read.language, known=known, label=word.id if word else ""))  # fmt: skip
    return tuple(found)


def _promote(
    runtime: "Runtime", trained: "Trained", found: Lessons, comparison: Comparison, who: Person, before: int
) -> int:
    """The file first, then one transaction that makes it known and puts it into use."""
    from countersign.triage.store import save

    place = uuid.uuid4().hex
    card = save(trained, found.examples, _folder(runtime) / LEARNT / place)
    if runtime.deps.on_point:
        runtime.deps.on_point("learning.kept")
    model = LearntModel(
        version=0, name=card.model, place=place, sha256=card.sha256, data=card.data, examples=card.examples,
        labels=tuple(sorted(found.places)), libraries=card.versions, card=card.model_dump(mode="json"),
        comparison=comparison, by=who.id, at=runtime.deps.clock.now(),
    )  # fmt: skip
    return models.promote(runtime.ledger, model, before)


def _options(runtime: "Runtime", version: int) -> "Options":
    """What the model of a version was trained with."""
    from countersign.triage.store import Card

    if version:
        return Card.model_validate(models.find(runtime.ledger, version).card).options
    return triage_options(runtime.deps.desk, runtime.settings)


def _is_known(runtime: "Runtime", found: Lessons, reader: LocalTriage) -> bool:
    """Whether the model in use learnt from exactly this, with what trainings are told now."""
    from countersign.triage.store import model_digest

    return reader.model.name == model_digest(found.examples, triage_options(runtime.deps.desk, runtime.settings))


def _verdict(comparison: Comparison) -> str:
    if not comparison.against:
        return "It is not worse and may be promoted: run it again with --as."
    return f"Not promoted, it is worse by more than {comparison.margin:.1%}: {'; '.join(comparison.against)}."


def _folder(runtime: "Runtime") -> Path:
    return runtime.settings.var / "triage"


@dataclass(frozen=True, slots=True)
class TriageLearning:
    """What `countersign triage` does, for an open desk; under an event loop, `await desk.aside(...)` its calls."""

    desk: "Runtime"

    def label(self, ticket_id: str, *requests: str, by: str, turn: int = 0) -> Label:
        """See `countersign.labelling.label`."""
        return label(self.desk, ticket_id, requests, by, turn)

    def learn(self, *, by: str = "", margin: float | None = None, dry_run: bool = False) -> LearntView:
        """See `learn`."""
        return LearntView(learn(self.desk, by, margin=margin, dry_run=dry_run))

    def roll_back(self, version: int | None = None, *, by: str) -> int:
        """See `roll_back`."""
        return roll_back(self.desk, by, version)

    def models(self) -> ModelsView:
        """Every version, newest first."""
        return ModelsView(listed(self.desk.ledger, self.desk.settings, self.desk.deps.desk))

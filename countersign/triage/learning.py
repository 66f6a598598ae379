"""Learning from people's labels: what is learnt from, and a candidate's trial against the model in use. Pure."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from countersign.domain.desk import Example
from countersign.domain.learning import Comparison, Figures, Label
from countersign.triage.decide import NONE, Answer
from countersign.triage.embeddings import Access, Remembering, open_embedder
from countersign.triage.model import MOST_CHARACTERS, UNTOLD, LocalTriage, Model
from countersign.triage.report import Report, report
from countersign.triage.text import joined, mask

if TYPE_CHECKING:
    from countersign.triage.classifier import Options
    from countersign.triage.train import Trained

LEAST_EXAMPLES = 4
"""Of one request; fewer can't be held out of one another."""
_TINY = 1e-9
"""What shares differ by because they are floating point numbers."""
MOST_CHANGES = 20
"""Past turns that are named where the two models differ."""


def label_text(subject: str, text: str) -> str:
    """A redacted message as a label keeps it: line by line in small letters, numbers, addresses and links masked.

    Masking it again changes nothing, so that it trains as the message itself would.
    """
    lines = (mask(line) for line in joined(subject, text).splitlines())
    return "\n".join(lines).strip()[:MOST_CHARACTERS]


@dataclass(frozen=True)
class Lessons:
    """Everything there is to learn from."""

    examples: tuple[Example, ...]
    places: dict[str, int]
    """Where in `examples` each label stands that is learnt from, by its id."""
    left_out: tuple[str, ...]
    """Labels that are not learnt from, and why."""


def lessons(
    own: Sequence[Example], labels: Sequence[Label], requests: Collection[str], languages: Collection[str]
) -> Lessons:
    """The desk's own examples and its people's labels, in one order; a label takes the place of an example like it.

    A label with several requests says nothing about which words ask for which, so it is used to judge models only.
    """
    known = Counter(example.request for example in own)
    known.update(request for label in labels for request in label.requests)
    usable: dict[str, Label] = {}
    left_out: list[str] = []
    for label in labels:
        why = _unusable(label, known, {*requests, NONE}, {*languages, *UNTOLD})
        if why:
            left_out.append(f"{label.id} of {label.ticket}: {why}")
        else:
            usable[label.text] = label  # the latest word on the same text counts
    kept = [(example, "") for example in own if mask(example.text) not in {mask(text) for text in usable}]
    kept += [(Example(text=label.text, request=label.requests[0]), label.id) for label in usable.values()]
    kept.sort(key=lambda pair: (pair[0].request, pair[0].text))
    places = {name: place for place, (_, name) in enumerate(kept) if name}
    return Lessons(tuple(example for example, _ in kept), places, tuple(left_out))


def _unusable(label: Label, known: Counter[str], requests: Collection[str], languages: Collection[str]) -> str:
    strange = [request for request in label.requests if request not in requests]
    if strange:
        return f"the desk has no request {', '.join(strange)}"
    request, *more = label.requests
    if more:
        return "it names several requests; it serves to judge models"
    if label.language not in languages:
        return f"its language is {label.language}"
    if not label.text:
        return "it has no text"
    if known[request] < LEAST_EXAMPLES:
        return f"fewer than {LEAST_EXAMPLES} examples of {request}"
    return ""


@dataclass(frozen=True)
class Past:
    """A past turn; `known` is what it asked, as far as a person said so."""

    ticket: str
    turn: int
    subject: str
    text: str
    language: str
    known: tuple[str, ...] = ()
    label: str = ""
    """Id of the label it is known from."""


@dataclass(frozen=True)
class Contender:
    """A model in the trial: what it answers to what is held out of it, and what to anything else."""

    reader: LocalTriage
    held_out: Sequence[Answer]
    places: dict[str, int]
    """By label that it learnt from, the place of its held-out answer."""

    def named(self, past: Past) -> tuple[str, ...]:
        """The requests it names for a past turn; of one that it learnt from, what it named when it had not."""
        if past.label in self.places:
            if self.reader.refusals(joined(past.subject, past.text), past.language):
                return ()
            intents = self.held_out[self.places[past.label]].intents
        else:
            intents = self.reader.predict(past.subject, past.text, past.language).intents
        return tuple(intent.request for intent in intents)


def candidate(lessons: Lessons, options: "Options", access: Access, like: LocalTriage) -> "tuple[Trained, Contender]":
    """Trains on everything; raises DeskError where the examples are too few. Its rules are those of `like`."""
    from countersign.triage.evaluate import answers
    from countersign.triage.train import train

    trained = train(lessons.examples, options, access)
    reader = like.with_model(Model(trained.classifier, trained.calibration, "candidate"))
    return trained, Contender(reader, answers(trained), lessons.places)


def incumbent(
    lessons: Lessons, learnt: Collection[str], reader: LocalTriage, options: "Options", access: Access
) -> Contender:
    """The model in use, fitted anew without each fold on what it learnt from, judged with its own calibration.

    `learnt` are the labels it learnt from; the desk's own examples are taken as known to it.
    """
    from countersign.triage import groups
    from countersign.triage.evaluate import answers
    from countersign.triage.train import FOLDS, Trained, hold_out

    names = {place: name for name, place in lessons.places.items()}
    known = [names.get(place, "") == "" or names[place] in learnt for place in range(len(lessons.examples))]
    embedder = Remembering(open_embedder(options.embeddings, access))
    held = hold_out(lessons.examples, groups.folds(groups.group(lessons.examples), FOLDS), embedder, known)
    trained = Trained(reader.model.classifier, reader.model.calibration, held, options)
    places = {name: place for name, place in lessons.places.items() if name in learnt}
    return Contender(reader, answers(trained), places)


def compare(lessons: Lessons, past: Sequence[Past], before: Contender, after: Contender, margin: float) -> Comparison:
    """Both on the same held-out examples and the same past turns; `against` says where the second is worse."""
    both = [(turn, before.named(turn), after.named(turn)) for turn in past]
    told = [(turn.known, old, new) for turn, old, new in both if turn.known]
    changes = [f"{turn.ticket} turn {turn.turn}: {_said(old)} → {_said(new)}" for turn, old, new in both if old != new]
    old = _figures(_report(lessons, before), [(known, one) for known, one, _ in told])
    new = _figures(_report(lessons, after), [(known, one) for known, _, one in told])
    more = len(changes) - MOST_CHANGES
    return Comparison(
        margin=margin, examples=len(lessons.examples), known=len(told), unknown=len(both) - len(told), in_use=old,
        candidate=new, against=tuple(worse_by(old, new, len(told), margin)),
        changes=(*changes[:MOST_CHANGES], *((f"and {more} more",) if more > 0 else ())),
    )  # fmt: skip


def _report(lessons: Lessons, contender: Contender) -> Report:
    pairs = zip(lessons.examples, contender.held_out, strict=True)
    return report((example.request, answer) for example, answer in pairs)


def _figures(held_out: Report, told: Sequence[tuple[tuple[str, ...], tuple[str, ...]]]) -> Figures:
    right = sum(_is_right(known, named) for known, named in told)
    left = sum(not named for known, named in told if not _is_right(known, named))
    return Figures(
        coverage=held_out.coverage, accuracy=held_out.accuracy, abstained_on_none=held_out.abstained_on_none,
        right=right, wrong=len(told) - right - left, left=left,
    )  # fmt: skip


def _is_right(known: tuple[str, ...], named: tuple[str, ...]) -> bool:
    """Exactly these requests; nothing where none covers it."""
    return set(named) == set(known) - {NONE}


def worse_by(old: Figures, new: Figures, known: int, margin: float) -> list[str]:
    """Where the new figures are worse by more than the margin; `known` is the number of past turns.

    Shares may fall by the margin; counts of past turns by the margin of all of them, rounded up to whole turns.
    """
    shares = (
        ("of its answers to held-out examples are right", old.accuracy, new.accuracy),
        ("of the held-out examples with a request are answered", old.coverage, new.coverage),
        ("of the held-out examples without one are left alone", old.abstained_on_none, new.abstained_on_none),
    )
    worse = [
        f"{after:.1%} {what}, {before:.1%} before" for what, before, after in shares if after < before - margin - _TINY
    ]
    turns = ceil(margin * known - _TINY)
    if new.right < old.right - turns:
        worse.append(f"{new.right} of {known} past turns are answered rightly, {old.right} before")
    if new.wrong > old.wrong + turns:
        worse.append(f"{new.wrong} of {known} past turns are answered wrongly, {old.wrong} before")
    return worse


def _said(requests: tuple[str, ...]) -> str:
    return ", ".join(requests) or "abstains"

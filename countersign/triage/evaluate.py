"""How good triage was on examples it had not seen."""

from collections.abc import Sequence

from countersign.domain.desk import Example
from countersign.triage.decide import Answer, Guess, decide
from countersign.triage.guess import confidences
from countersign.triage.model import Model
from countersign.triage.report import Report, report
from countersign.triage.train import Trained, guesses_of_parts


def evaluate(model: Model, examples: Sequence[Example]) -> Report:
    """The report on a model's answers to examples that it has not learnt from; the rules of the desk are left out."""
    return report((example.request, model.answer(example.text)) for example in examples)


def held_out(trained: Trained, examples: Sequence[Example]) -> Report:
    """The report on examples that the scoring model had not seen, nor anything that resembles them."""
    return report((example.request, answer) for example, answer in zip(examples, answers(trained), strict=True))


def answers(trained: Trained) -> list[Answer]:
    """What would have been answered to each held-out example; spans are left out."""
    held, calibration = trained.held, trained.calibration
    rows = confidences(held.scores, calibration.temperature)
    found: list[Answer] = []
    for index, row in enumerate(rows):
        whole = Guess(request=held.classes[int(row.argmax())], confidence=float(row.max()), text="")
        found.append(decide(whole, guesses_of_parts(held, index, calibration.temperature), calibration))
    return found

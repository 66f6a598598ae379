"""How good triage was on examples it had not seen."""

from collections.abc import Sequence

from countersign.domain.desk import Example
from countersign.triage.decide import Answer, Guess, decide
from countersign.triage.guess import confidences
from countersign.triage.report import Report, report
from countersign.triage.train import Trained, guesses_of_parts


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

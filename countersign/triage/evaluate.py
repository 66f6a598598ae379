"""How good triage was on examples it had not seen."""

from collections.abc import Sequence

from countersign.domain.desk import Example
from countersign.triage.decide import Answer, Calibration, decide
from countersign.triage.held import Held
from countersign.triage.model import Model
from countersign.triage.report import Report, report
from countersign.triage.train import Trained


def evaluate(model: Model, examples: Sequence[Example]) -> Report:
    """The report on a model's answers to examples that it has not learnt from; the rules of the desk are left out."""
    return report((example.request, model.answer(example.text)) for example in examples)


def held_out(trained: Trained, examples: Sequence[Example]) -> Report:
    """The report on examples that the scoring model had not seen, nor anything that resembles them."""
    return report((example.request, answer) for example, answer in zip(examples, answers(trained), strict=True))


def answers(trained: Trained) -> list[Answer]:
    """What would have been answered to each held-out example; spans are left out."""
    return answers_held(trained.held, trained.calibration)


def answers_held(held: Held, calibration: Calibration) -> list[Answer]:
    """The same of held-out scores alone."""
    return [
        decide(whole, held.segments(index, calibration), calibration)
        for index, whole in enumerate(held.whole(calibration))
    ]

"""How an action reads what was granted, and how it reports what the system of record wrote down."""

from collections.abc import Callable
from typing import TypeVar

from countersign.domain.errors import FailedError, RejectedError
from countersign.domain.outcome import Granted, Receipt
from countersign.domain.shop import ShopReceipt
from countersign.ports import Deps
from tools.arguments import Arguments
from tools.catalog import validated

Action = Callable[[Granted, Deps, str], Receipt]
_Model = TypeVar("_Model", bound=Arguments)


def granted_arguments(granted: Granted, model: type[_Model]) -> _Model:
    """The granted arguments as their model. Raises FailedError (`failed.arguments`): nothing has happened yet."""
    try:
        found = validated(granted.proposal)
    except RejectedError as error:
        raise FailedError(error.message, where=error.where, detail="arguments") from error
    if not isinstance(found, model):
        raise FailedError("the arguments are of another kind", where=granted.proposal.kind, detail="arguments")
    return found


def record(granted: Granted) -> str:
    """The id of the record that is acted on: `FH-10001` of `order/FH-10001`."""
    return granted.proposal.target.partition("/")[2]


def receipt(written: ShopReceipt) -> Receipt:
    """The shop's receipt as the ledger keeps it."""
    return Receipt(
        key=written.key,
        reference=written.reference,
        at=written.at,
        amount=written.amount,
        currency=written.currency,
        details=dict(written.details),
    )

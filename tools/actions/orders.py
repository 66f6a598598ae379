"""Effects on orders."""

from countersign.domain.outcome import Granted, Receipt
from countersign.domain.shop import Address
from countersign.ports import Deps
from tools.actions.call import granted_arguments, receipt, record
from tools.arguments import (
    CancelOrderArguments,
    ChangeAddressArguments,
    CreateReturnArguments,
    RefundArguments,
    SendReplacementArguments,
)


def refund(granted: Granted, deps: Deps, key: str) -> Receipt:
    """Gives money back."""
    asked = granted_arguments(granted, RefundArguments)
    return receipt(deps.shop.refund(key, record(granted), asked.amount, asked.currency, asked.reason))


def cancel_order(granted: Granted, deps: Deps, key: str) -> Receipt:
    """Stops an order."""
    asked = granted_arguments(granted, CancelOrderArguments)
    return receipt(deps.shop.cancel_order(key, record(granted), asked.reason))


def change_address(granted: Granted, deps: Deps, key: str) -> Receipt:
    """Sends an order elsewhere."""
    asked = granted_arguments(granted, ChangeAddressArguments)
    return receipt(deps.shop.change_address(key, record(granted), Address(**asked.address.model_dump())))


def create_return(granted: Granted, deps: Deps, key: str) -> Receipt:
    """Opens a return and makes its label."""
    asked = granted_arguments(granted, CreateReturnArguments)
    return receipt(deps.shop.create_return(key, record(granted), asked.skus, asked.label_fee))


def send_replacement(granted: Granted, deps: Deps, key: str) -> Receipt:
    """Sends articles again."""
    asked = granted_arguments(granted, SendReplacementArguments)
    return receipt(deps.shop.send_replacement(key, record(granted), asked.skus, asked.reason))

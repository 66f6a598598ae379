"""Effects on accounts and memberships."""

from countersign.domain.outcome import Granted, Receipt
from countersign.ports import Deps
from tools.actions.call import granted_arguments, receipt, record
from tools.arguments import (
    CancelSubscriptionArguments,
    ChangeEmailArguments,
    NoArguments,
    PauseSubscriptionArguments,
)


def pause_subscription(granted: Granted, deps: Deps, key: str) -> Receipt:
    """Pauses a membership."""
    asked = granted_arguments(granted, PauseSubscriptionArguments)
    return receipt(deps.shop.pause_subscription(key, record(granted), asked.months))


def cancel_subscription(granted: Granted, deps: Deps, key: str) -> Receipt:
    """Ends a membership, with its fee back where that was granted."""
    asked = granted_arguments(granted, CancelSubscriptionArguments)
    return receipt(deps.shop.cancel_subscription(key, record(granted), asked.refund_fee))


def change_email(granted: Granted, deps: Deps, key: str) -> Receipt:
    """Changes the address on record."""
    asked = granted_arguments(granted, ChangeEmailArguments)
    return receipt(deps.shop.change_email(key, record(granted), asked.email))


def close_account(granted: Granted, deps: Deps, key: str) -> Receipt:
    """Closes an account."""
    granted_arguments(granted, NoArguments)
    return receipt(deps.shop.close_account(key, record(granted)))


def export_data(granted: Granted, deps: Deps, key: str) -> Receipt:
    """Has an export of personal data sent to the address on record."""
    granted_arguments(granted, NoArguments)
    return receipt(deps.shop.export_data(key, record(granted)))


def send_login_link(granted: Granted, deps: Deps, key: str) -> Receipt:
    """Has a login link sent to the address on record."""
    granted_arguments(granted, NoArguments)
    return receipt(deps.shop.send_login_link(key, record(granted)))

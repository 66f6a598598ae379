"""What changes the world: one function for each kind of effect. Only `tools.gateway` may import this package."""

from collections.abc import Mapping
from types import MappingProxyType

from countersign.domain.plan import Kind
from tools.actions import accounts, mail, orders
from tools.actions.call import Action

ACTIONS: Mapping[Kind, Action] = MappingProxyType(
    {
        "send_reply": mail.send_reply,
        "refund": orders.refund,
        "cancel_order": orders.cancel_order,
        "change_address": orders.change_address,
        "create_return": orders.create_return,
        "send_replacement": orders.send_replacement,
        "pause_subscription": accounts.pause_subscription,
        "cancel_subscription": accounts.cancel_subscription,
        "change_email": accounts.change_email,
        "close_account": accounts.close_account,
        "export_data": accounts.export_data,
        "send_login_link": accounts.send_login_link,
    }
)
"""By kind. Each takes what was granted, the deps and the key; it raises what ShopWrites and Outbox raise."""

__all__ = ["ACTIONS", "Action"]

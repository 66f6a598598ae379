"""Orders: where they are, stopping and redirecting them, sending things back, and what arrived wrong."""

from collections.abc import Mapping

from nodes.reason.playbooks.case import Handler
from nodes.reason.playbooks.orders.complaints import damaged_item, missing_item
from nodes.reason.playbooks.orders.returning import exchange_item, return_item
from nodes.reason.playbooks.orders.stopping import cancel_order, change_address
from nodes.reason.playbooks.orders.tracking import where_is_my_order

HANDLERS: Mapping[str, Handler] = {
    "where_is_my_order": where_is_my_order,
    "cancel_order": cancel_order,
    "change_address": change_address,
    "return_item": return_item,
    "exchange_item": exchange_item,
    "damaged_item": damaged_item,
    "missing_item": missing_item,
}

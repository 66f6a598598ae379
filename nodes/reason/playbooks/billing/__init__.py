"""Billing: refunds, charges, invoices, promo codes, and the membership's fee."""

from collections.abc import Mapping

from nodes.reason.playbooks.billing.charges import double_charge
from nodes.reason.playbooks.billing.documents import invoice_copy, promo_not_applied
from nodes.reason.playbooks.billing.membership import subscription_cancel, subscription_pause
from nodes.reason.playbooks.billing.refunds import refund_status
from nodes.reason.playbooks.case import Handler

HANDLERS: Mapping[str, Handler] = {
    "refund_status": refund_status,
    "double_charge": double_charge,
    "invoice_copy": invoice_copy,
    "promo_not_applied": promo_not_applied,
    "subscription_pause": subscription_pause,
    "subscription_cancel": subscription_cancel,
}

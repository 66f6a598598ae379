"""How long an order may be returned: the one rule, which policy judges by too."""

from countersign.domain.shop import Order
from nodes.reason.playbooks.case import Case
from tools.order_facts import OrderView, return_window


def days_to_return(case: Case, order: Order) -> int:
    """Days after delivery: more where the membership was running when the order was placed."""
    view = OrderView(order=order, windows=case.deps.desk.settings.windows, now=case.now)
    return return_window(view, case.membership())

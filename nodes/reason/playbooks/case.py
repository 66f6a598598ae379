"""What a playbook is given, and the one way to call one."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import cast

from countersign.domain.errors import MisuseError
from countersign.domain.perception import Intent, Memory, Perception, Sender
from countersign.domain.plan import Plan, Principal
from countersign.domain.shop import Customer, Subscription
from countersign.ports import Deps
from nodes.reason.playbooks.continuing import continued_request


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One request to decide about. A playbook reads through `deps`, changes nothing, and takes the time from `now`."""

    intent: Intent
    perception: Perception
    sender: Sender
    memory: Memory
    deps: Deps
    now: datetime
    principal: Principal
    """In whose name the playbook proposes."""

    @property
    def category(self) -> str:
        """The category the desk puts the request in; empty where the desk does not list it."""
        request = self.deps.desk.requests.get(self.intent.request)
        return request.category if request else ""

    @property
    def said(self) -> str:
        """Everything this turn says: subject, then text."""
        return f"{self.perception.subject}\n{self.perception.text}"

    @property
    def span(self) -> str:
        """The part of the text that makes this request."""
        return self.intent.text or self.said

    @property
    def asked(self) -> str:
        """The clarifying question that the thread's last turn ended with; empty where it ended otherwise."""
        return self.memory.turns[-1].asked if self.memory.turns else ""

    @property
    def photographed(self) -> bool:
        """Whether the turn brought a picture."""
        kinds = (kind for message in self.perception.messages for kind in message.attachments)
        return any(kind.startswith("image/") for kind in kinds)

    def customer(self) -> Customer | None:
        """The sender's account; None for somebody who is not verified, or whose account is closed."""
        if self.sender.verified == "none" or not self.sender.customer:
            return None
        customer = self.deps.shop.customer(self.sender.customer)
        return customer if customer and customer.closed_at is None else None

    def membership(self) -> Subscription | None:
        """The sender's latest membership, whatever its status."""
        return self.deps.shop.subscription_of(self.sender.customer) if self.sender.customer else None

    def days_since(self, when: datetime) -> int:
        """Whole calendar days (UTC) from then to now: the day after is day one."""
        return (self.now.date() - when.date()).days

    def link(self, path: str) -> str:
        """A page of the shop's site."""
        return f"{self.deps.desk.settings.site.rstrip('/')}/{path}"


Handler = Callable[[Case], Plan]
"""A playbook's decision about one kind of request."""


def plan_for(case: Case) -> Plan:
    """What the request comes to; `complex` where no playbook handles it, or it does not fit.

    Raises MisuseError where two playbooks claim one request, and whatever the lookups raise (RetryError, FailedError).
    """
    handler = handlers().get(case.intent.request)
    return handler(case) if handler else handed(case, f"no playbook handles {case.intent.request}")


def handed(case: Case, why: str, *notes: str) -> Plan:
    """A plan that leaves the request to a person or an agent; `why` and `notes` are never shown to the customer."""
    return Plan(request=case.intent.request, category=case.category, complex=why, notes=notes)


@cache
def handlers() -> Mapping[str, Handler]:
    """Every request id that a playbook of this package handles. Raises MisuseError where two claim the same."""
    package = importlib.import_module("nodes.reason.playbooks")
    found: dict[str, Handler] = {}
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        table = getattr(importlib.import_module(module.name), "HANDLERS", {})
        for request, handler in cast("Mapping[str, Handler]", table).items():
            if request in found:
                raise MisuseError(f"two playbooks handle {request}", where=module.name, detail="playbook")
            found[request] = handler
    return found


__all__ = ["Case", "Handler", "continued_request", "handed", "handlers", "plan_for"]

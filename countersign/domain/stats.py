"""What a desk came to over a time, as figures."""

from datetime import datetime

from countersign.domain.frozen import Frozen


class Spread(Frozen):
    """How long things took, in milliseconds: of so many, half, nine tenths and 99 in 100 took no longer."""

    count: int = 0
    p50: int | None = None
    p90: int | None = None
    p99: int | None = None


class Settled(Frozen):
    """The business's figure: tickets of customers, and how many of them the desk settled by itself."""

    tickets: int
    """Tickets that a customer's message opened; what a machine sent is none."""
    settled: int
    """Answered without a person in any of their turns, with no question to the customer, and not reopened."""
    open_window: int
    """Of those settled, the ones that the customer may still reopen."""
    reopened: int
    """Answered, and the customer wrote again within the window."""
    asked_back: int
    """Answered with a question to the customer, who has not come back to it."""
    by_person: int
    """Ended with a person's hand in it."""
    waiting: int
    """Waiting for a person, or handed over to one."""
    unfinished: int
    window_days: int


class Route(Frozen):
    """How the turns that were planned by the same went on."""

    planner: str
    """`playbook`, `agent`, `person`; `nobody` where no plan was made, `automatic` for a machine's mail."""
    turns: int
    alone: int
    """Answered by policy's word alone."""
    countersigned: int
    """Answered after a person was asked."""
    waiting: int
    handed_over: int
    closed: int
    superseded: int
    """The customer wrote again before its end."""
    unfinished: int


class Failed(Frozen):
    """A code of something that went wrong, and how often."""

    code: str
    where: str
    """`turn`, `model`, `effect`, `policy` or `message`."""
    count: int


class Asked(Frozen):
    """What one engine was asked, and how long it took over the answers that did not come from the record."""

    engine: str
    answered: int
    failed: int
    recorded: int
    latency: Spread


class Spending(Frozen):
    """What models cost, over tickets that asked any."""

    tickets: int
    requests: int
    tokens_in: int
    tokens_out: int
    micros: int
    """Millionths of a US dollar."""
    micros_per_ticket: Spread
    """Millionths of a US dollar, in place of milliseconds."""


class Questions(Frozen):
    """What people were asked, and how long they took."""

    asked: int
    answered: int
    open: int
    expired: int
    void: int
    """The customer wrote meanwhile, or the plan changed."""
    by_answer: dict[str, int]
    time: Spread
    """From the question to the answer."""


class Actions(Frozen):
    """What became of one kind of effect."""

    kind: str
    done: int
    failed: int
    unknown: int
    under_way: int
    latency: Spread
    """Of those done, from claim to receipt."""


class Observed(Frozen):
    """Of all that was begun, how much has its end on record."""

    what: str
    """`turns`, `model calls` or `effects`."""
    observed: int
    begun: int


class Stats(Frozen):
    """What the ledger tells of the tickets opened in a time."""

    since: datetime | None
    until: datetime
    settled: Settled
    decision: Spread
    """From a message to its first verdict, or to the end of its turn where there was none."""
    answer: Spread
    """From a message to the end of its turn, where no person was in it."""
    outcomes: dict[str, int]
    """Tickets by status."""
    routes: tuple[Route, ...]
    failures: tuple[Failed, ...]
    models: tuple[Asked, ...]
    spending: Spending
    questions: Questions
    actions: tuple[Actions, ...]
    observed: tuple[Observed, ...]

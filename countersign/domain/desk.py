"""A desk's settings as values; `countersign.desk` reads them from a folder."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from countersign.domain.frozen import Frozen
from countersign.domain.plan import Kind
from countersign.domain.verdict import Phase


class Person(Frozen):
    """Somebody who may countersign."""

    id: str
    name: str
    roles: tuple[str, ...]
    limits: dict[Kind, Annotated[int, Field(ge=0)]] = {}
    """Most money a day by kind, minor units."""


class Request(Frozen):
    """One thing customers ask for, and the playbook that handles it."""

    id: str
    category: str
    title: str


class Example(Frozen):
    """A labelled example; request `none` means that no request covers it."""

    text: str
    request: str
    synthetic: bool = False


class MailSettings(Frozen):
    """How mail is trusted and answered."""

    address: str
    name: str
    own_addresses: tuple[str, ...] = ()
    trusted_authserv: tuple[str, ...] = ()
    """Names (RFC 8601 authserv-id) whose Authentication-Results headers are believed."""
    max_replies_per_day: int = Field(default=5, ge=1)
    """Replies to one correspondent in a day; beyond it a person is asked."""


class Windows(Frozen):
    """The business's periods, in days."""

    returns: int = Field(default=30, ge=0, le=3650)
    returns_plus: int = Field(default=60, ge=0, le=3650)
    damaged: int = Field(default=14, ge=0, le=3650)
    promo: int = Field(default=14, ge=0, le=3650)
    yearly_fee: int = Field(default=14, ge=0, le=3650)
    late_scan: int = Field(default=7, ge=0, le=3650)
    lost: int = Field(default=14, ge=0, le=3650)


class TriageSettings(Frozen):
    """How sure triage must be before a request is answered without a person naming it."""

    target_error: float = Field(default=0.05, gt=0, lt=1)
    """Share of wrong requests that is allowed among the accepted messages."""
    confidence: float = Field(default=0.99, ge=0.5, lt=1)
    """How sure it must be, from held-out examples, that the target is kept."""


class LearningSettings(Frozen):
    """Who may change what the desk has learnt, and how careful that is."""

    roles: tuple[str, ...] = ("lead",)
    """Roles of people.toml whose people may put a triage model into use."""
    margin: float = Field(default=0.01, ge=0, le=0.2)
    """How much worse a new model may be than the one in use, as a share, where it is promoted all the same."""


AskedTier = Literal["small", "large", "off"]
"""The seat that a question goes to; nobody is asked where it is off, or where no model sits there."""


class Asks(Frozen):
    """What models are asked outside the agent's seat."""

    name: AskedTier = "small"
    """Which request a message makes, where triage can't say."""
    word: AskedTier = "small"
    """To put a template's reply into the customer's tone and language."""


class DeskSettings(Frozen):
    """The desk's settings: `desk.toml`."""

    name: str
    site: str
    currency: str = "EUR"
    languages: tuple[str, ...] = ("en",)
    links: tuple[str, ...] = ()
    """Prefixes a link in a reply may have."""
    tracking: dict[str, str] = {}
    """By carrier, the start of the link that a tracking number completes."""
    max_reply_chars: int = Field(default=4000, ge=200)
    order_pattern: str = r"\bFH-\d{5,6}\b"
    mail: MailSettings
    windows: Windows = Windows()
    triage: TriageSettings = TriageSettings()
    learning: LearningSettings = LearningSettings()
    asks: Asks = Asks()
    phases: dict[Kind, Phase]
    deadlines: dict[Kind, Annotated[int, Field(ge=1, le=2160)]] = {}
    """Hours that a proposal of a kind may wait for a person; 72 where nothing is said."""
    grant_minutes: int = Field(default=60, ge=1, le=1440)
    """How long a grant that policy gave by itself may wait to be used."""
    approval_minutes: int = Field(default=1440, ge=1, le=43200)
    """How long a person's approval may wait to be carried out; after that they are asked again."""
    keep_days: int = Field(default=90, ge=0, le=36_500)
    """Days for which a ticket that has ended keeps its checkpoints, its journals and its raw mail."""
    reopened_days: int = Field(default=7, ge=0, le=365)
    """Days after an answer in which a further message of the customer says that the ticket was not settled."""


class Desk(Frozen):
    """A desk folder, loaded and validated."""

    folder: Path
    settings: DeskSettings
    requests: dict[str, Request]
    people: dict[str, Person]
    prompts: dict[str, str] = {}
    """Texts of prompts/*.md, by name."""
    policy: str
    """Text of policy.cedar."""
    policy_schema: str
    """Text of policy.cedarschema."""
    digest: str
    """Over everything that decides: settings, requests, people, prompts, policy and schema."""

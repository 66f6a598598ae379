"""The one reader of the environment: variables named COUNTERSIGN_…, overridden by what a caller passes."""

from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableSetting

from countersign.domain.errors import SettingsError
from countersign.domain.model import Tier


class Smtp(BaseModel):
    """Where mail leaves, when the outbox is `smtp`."""

    model_config = ConfigDict(extra="forbid")

    host: str = "localhost"
    port: int = Field(default=587, ge=1, le=65535)
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    user: str = ""
    password: SecretStr = SecretStr("")
    timeout: float = Field(default=30.0, gt=0)


class Embeddings(BaseModel):
    """Sentence embeddings that triage learns from beside words and characters."""

    model_config = ConfigDict(extra="forbid")

    source: str = ""
    """A folder or an installed package with a sentence model, or an endpoint: `https://host/v1#model`;
    where it is empty, the word vectors of the program serve."""
    key: SecretStr = SecretStr("")
    """The endpoint's key."""
    timeout: float = Field(default=20.0, gt=0)
    """Seconds the endpoint has for an answer."""


class ModelSettings(BaseModel):
    """What sits in the two seats, and how both are asked; a tier's own settings win."""

    model_config = ConfigDict(extra="forbid")

    small: str = ""
    """The seat for short questions: `openai:NAME` (any OpenAI-compatible endpoint), `scripted:FILE`, `chaotic:SEED`, \
`hostile:SEED`; nobody is asked where it is empty."""
    large: str = ""
    """The agent's seat: as `small`, or `offline`; the offline planner where it is empty."""
    base_url: str = "https://api.openai.com/v1"
    """The endpoint, up to and with its `/v1`."""
    key: SecretStr = SecretStr("")
    """Sent to the endpoint, and written nowhere. A server of your own may need none."""
    timeout: float = Field(default=60.0, gt=0, le=600)
    """Seconds for one answer, repeats and waiting included."""
    retries: int = Field(default=2, ge=0, le=8)
    """Repeats after a passing fault, within `timeout`."""
    rate: float = Field(default=0.0, ge=0)
    """Requests a minute at most; 0: no limit."""
    max_output: int = Field(default=2000, ge=16, le=100_000)
    """Tokens that one answer may have."""
    structured: Literal["auto", "schema", "tools", "text"] = "auto"
    """How a filled-in form is asked for; `auto` goes from one way to the next until the server takes one."""
    temperature: float | None = Field(default=None, ge=0, le=2)
    """The server's own where none is given."""
    price_input: Decimal | None = Field(default=None, ge=0)
    """US dollars for a million tokens read; from the table of genai-prices where none is given."""
    price_output: Decimal | None = Field(default=None, ge=0)
    """US dollars for a million tokens written."""


class TierSettings(BaseModel):
    """What one tier has of its own; the rest is as for both."""

    model_config = ConfigDict(extra="forbid")

    base_url: str | None = None
    key: SecretStr | None = None
    timeout: float | None = Field(default=None, gt=0, le=600)
    retries: int | None = Field(default=None, ge=0, le=8)
    rate: float | None = Field(default=None, ge=0)
    max_output: int | None = Field(default=None, ge=16, le=100_000)
    structured: Literal["auto", "schema", "tools", "text"] | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    price_input: Decimal | None = Field(default=None, ge=0)
    price_output: Decimal | None = Field(default=None, ge=0)


class TicketBudget(BaseModel):
    """The most that the models may spend on one ticket, over all its turns."""

    model_config = ConfigDict(extra="forbid")

    calls: int = Field(default=40, ge=0)
    """Requests, repeats included."""
    tokens: int = Field(default=400_000, ge=0)
    seconds: float = Field(default=600.0, ge=0)
    dollars: Decimal = Field(default=Decimal("0.50"), ge=0)


class DayBudget(BaseModel):
    """The most that the models may spend in one day (UTC), over all tickets."""

    model_config = ConfigDict(extra="forbid")

    calls: int = Field(default=10_000, ge=0)
    tokens: int = Field(default=20_000_000, ge=0)
    seconds: float = Field(default=86_400.0, ge=0)
    dollars: Decimal = Field(default=Decimal("20.00"), ge=0)


class Settings(BaseSettings):
    """What differs from machine to machine; what the business decides stands in the desk folder."""

    model_config = SettingsConfigDict(env_prefix="COUNTERSIGN_", env_nested_delimiter="__", extra="ignore")

    var: Path = Path("var")
    """Where runtime files go: ledger, checkpoints, shop, blobs, outbox, models."""
    desk: Path | None = None
    """The desk folder; the demonstration desk where none is given."""
    shop: str = ""
    """SQLAlchemy URL of the demonstration shop; a SQLite file under `var` where none is given."""
    outbox: Literal["maildir", "smtp"] = "maildir"
    smtp: Smtp = Smtp()
    embeddings: Embeddings = Embeddings()
    model: ModelSettings = ModelSettings()
    small: TierSettings = TierSettings()
    large: TierSettings = TierSettings()
    replay: Path | None = None
    """A folder of recorded answers that take the models' place; `countersign run --replay` sets it."""
    ticket_budget: TicketBudget = TicketBudget()
    day_budget: DayBudget = DayBudget()
    workers: int = Field(default=1, ge=1, le=64)
    """Tickets handled at once."""
    trace_megabytes: int = Field(default=64, ge=0, le=100_000)
    """How large the file of spans under `var/traces` may get; 0: none is written."""
    otlp_endpoint: str = Field(
        default="", validation_alias=AliasChoices("COUNTERSIGN_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    )
    """Where spans are sent by OTLP over HTTP: an address without its `/v1/traces`; OTEL_EXPORTER_OTLP_ENDPOINT \
where it is not set."""
    editor: str = Field(default="vi", validation_alias=AliasChoices("COUNTERSIGN_EDITOR", "VISUAL", "EDITOR"))
    """The command that a person edits proposals with; VISUAL or EDITOR where it is not set."""

    @property
    def desk_folder(self) -> Path:
        """The desk folder that applies."""
        return self.desk or demonstration_desk()

    @property
    def ledger_file(self) -> Path:
        """The ledger's database."""
        return self.var / "ledger.db"

    @property
    def checkpoint_file(self) -> Path:
        """The threads' database."""
        return self.var / "checkpoints.db"

    @property
    def shop_url(self) -> str:
        """The shop's URL that applies."""
        return self.shop or f"sqlite:///{self.var / 'shop.db'}"

    def seat(self, tier: Tier) -> ModelSettings:
        """How one tier is asked: what both have, with its own on top."""
        own: TierSettings = getattr(self, tier)
        return self.model.model_copy(update={name: value for name, value in own if value is not None})


def read_settings(**given: object) -> Settings:
    """The settings from the environment, with what is given (and not None) on top; SettingsError names the variable."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})  # pyright: ignore[reportArgumentType]  validated here
    except ValidationError as error:
        first = error.errors()[0]
        name = "COUNTERSIGN_" + "__".join(str(part).upper() for part in first["loc"])
        raise SettingsError(first["msg"], where=name, hint="unset it or give a value of that kind") from None
    except UnreadableSetting as error:  # a group given as one text; its own words may quote the value
        group = next((name for name in Settings.model_fields if f'"{name}"' in str(error)), "smtp").upper()
        hint = f"set the names that begin with COUNTERSIGN_{group}__ one by one"
        raise SettingsError("a group of settings is not JSON", where=f"COUNTERSIGN_{group}", hint=hint) from None


def demonstration_desk() -> Path:
    """The desk that ships with the package: beside it in a checkout, inside it when installed."""
    package = Path(__file__).resolve().parent
    installed = package / "desk_data"
    return installed if installed.is_dir() else package.parent / "desk"

"""The one reader of the environment: variables named COUNTERSIGN_…, overridden by what a caller passes."""

from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableSetting

from countersign.domain.errors import SettingsError


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
    """A folder or an installed package with a sentence model, or an endpoint: `https://host/v1#model`; or none."""
    key: SecretStr = SecretStr("")
    """The endpoint's key."""
    timeout: float = Field(default=20.0, gt=0)
    """Seconds the endpoint has for an answer."""


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
    workers: int = Field(default=1, ge=1, le=64)
    """Tickets handled at once."""
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


def read_settings(**given: object) -> Settings:
    """The settings from the environment, with what is given (and not None) on top; SettingsError names the variable."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})  # pyright: ignore[reportArgumentType]  validated here
    except ValidationError as error:
        first = error.errors()[0]
        name = "COUNTERSIGN_" + "__".join(str(part).upper() for part in first["loc"])
        raise SettingsError(first["msg"], where=name, hint="unset it or give a value of that kind") from None
    except UnreadableSetting:  # a group given as one text; its own words may quote the value
        raise SettingsError(
            "a group of settings is not JSON",
            where="COUNTERSIGN_SMTP, COUNTERSIGN_EMBEDDINGS",
            hint="set COUNTERSIGN_SMTP__HOST and so on",
        ) from None


def demonstration_desk() -> Path:
    """The desk that ships with the package: beside it in a checkout, inside it when installed."""
    package = Path(__file__).resolve().parent
    installed = package / "desk_data"
    return installed if installed.is_dir() else package.parent / "desk"

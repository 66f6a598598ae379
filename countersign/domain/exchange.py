"""One exchange with a model: what was answered, once it was found sound, and as it is recorded."""

from pydantic import JsonValue

from countersign.domain.errors import ModelError
from countersign.domain.frozen import Frozen, digest
from countersign.domain.model import Engine


class Called(Frozen):
    """One tool call."""

    name: str
    args: dict[str, JsonValue]


class Usage(Frozen):
    """Tokens, as the server counts them, or the most that it can have been where it does not."""

    read: int = 0
    cached: int = 0
    """Of those read."""
    written: int = 0
    counted: bool = True
    """False: the server did not say."""


class Answer(Frozen):
    """A sound answer: text, tool calls, or both."""

    text: str
    calls: tuple[Called, ...] = ()
    usage: Usage = Usage()
    engine: Engine | None = None
    """What answered: the other seat, where this one failed."""


class Failure(Frozen):
    """Why there was no sound answer."""

    code: str
    """The detail of a ModelError."""
    text: str

    @classmethod
    def of(cls, error: ModelError) -> "Failure":
        """The failure that an error tells of."""
        return cls(code=error.detail, text=error.message)

    def error(self) -> ModelError:
        """The error that tells of it."""
        return ModelError(self.text, detail=self.code)


class Kept(Frozen):
    """An exchange as the journal and the cassettes keep it."""

    parts: dict[str, str]
    """Digest of each part of the request, by its name."""
    prompt: str = ""
    """Digest of the prompt file, where there is one."""
    answer: Answer | None = None
    failure: Failure | None = None

    @property
    def request(self) -> str:
        """The request's digest."""
        return digest(self.parts)

    @property
    def code(self) -> str:
        """The full code of the failure; empty where there was an answer."""
        return self.failure.error().full_code if self.failure else ""

    def told(self) -> Answer:
        """The answer. Raises ModelError where there was none."""
        if self.answer is None:
            raise (self.failure or Failure(code="malformed", text="the record holds no answer")).error()
        return self.answer

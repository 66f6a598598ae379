"""What can go wrong between here and an endpoint, as one error with a stable code; no server's words are repeated."""

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from time import time

from countersign.domain.errors import ModelError

_OVERFLOW = ("context_length_exceeded", "exceed_context_size_error")


@dataclass(frozen=True, slots=True)
class Fault:
    """An error, whether it may pass, and for how many seconds the endpoint asked to be left alone."""

    error: ModelError
    passing: bool = False
    wait: float | None = None


def fault_of(error: Exception) -> Fault:
    """The fault behind any exception of the client's; their texts stay out, they may quote a key or a customer."""
    import openai
    from langchain_core.exceptions import ModelError as ClientError

    if isinstance(error, ModelError):
        return Fault(error)
    if isinstance(error, TimeoutError | openai.APITimeoutError):
        return Fault(ModelError("the endpoint gave no answer in time", detail="timeout"), passing=True)
    if isinstance(error, openai.APIConnectionError):
        return Fault(ModelError("the endpoint can't be reached", detail="unreachable"), passing=True)
    if isinstance(error, openai.APIStatusError):
        return _status_fault(error.status_code, (error.code, error.type), error.response.headers)
    if isinstance(error, openai.LengthFinishReasonError):
        return Fault(ModelError("the model's answer is cut off", detail="truncated"))
    if isinstance(error, openai.ContentFilterFinishReasonError):
        return Fault(ModelError("the endpoint's content filter withheld the answer", detail="filtered"))
    if type(error).__name__ == "OpenAIRefusalError":
        return Fault(ModelError("the model refused to answer", detail="refused"))
    unreadable = (openai.APIError, ClientError, ValueError, TypeError, LookupError, AttributeError, RecursionError)
    if isinstance(error, unreadable):  # HTML, broken JSON, no choices: what a broken proxy answers
        return Fault(ModelError("the endpoint's answer can't be read", detail="malformed"), passing=True)
    return Fault(ModelError(f"the model's client failed: {type(error).__name__}", detail="unexpected"))


def _status_fault(status: int, codes: tuple[object, ...], headers: Mapping[str, str]) -> Fault:
    if any(code in _OVERFLOW for code in codes) or status == 413:
        return Fault(ModelError("the request is longer than the model can read", detail="overflow"))
    if "insufficient_quota" in codes:
        return Fault(ModelError("the endpoint's own quota is used up", detail="quota"))
    if status in (401, 403):
        hint = "check COUNTERSIGN_MODEL__KEY; countersign doctor --model tries it"
        return Fault(ModelError(f"the endpoint refused the key ({status})", hint=hint, detail="denied"))
    if status == 404:
        hint = "check the model's name and COUNTERSIGN_MODEL__BASE_URL"
        return Fault(ModelError("the endpoint knows no such model or address (404)", hint=hint, detail="unknown"))
    if status in (408, 409, 429) or status >= 500:
        again, wait = headers.get("x-should-retry") != "false", _asked_wait(headers)
        if status == 429:
            return Fault(ModelError("the endpoint is busy (429)", detail="busy"), again, wait)
        return Fault(ModelError(f"the endpoint failed ({status})", detail="down"), again, wait)
    return Fault(ModelError(f"the endpoint does not take the request ({status})", detail="request"))


def _asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that `retry-after-ms` or `retry-after` ask for; None where they say nothing that can be read."""
    try:
        if "retry-after-ms" in headers:
            return max(float(headers["retry-after-ms"]) / 1000, 0)
        said = headers.get("retry-after", "")
        if not said:
            return None
        if said.replace(".", "", 1).isdecimal():
            return float(said)
        return max(parsedate_to_datetime(said).timestamp() - time(), 0)
    except ValueError:
        return None

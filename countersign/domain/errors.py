"""The error tree. Pauses are interrupts and verdicts are values; only what went wrong is an exception.

CountersignError
├── MisuseError          the developer or operator called it wrongly
│   ├── SettingsError    a setting or a command's argument
│   └── DeskError        a file of the desk folder: names file, line, next step
├── InputError           a message or source that can't be taken: it is quarantined, the batch goes on
├── RejectedError        policy, grant or person said no
├── RetryError           a passing fault: the same call may succeed later
├── FailedError          a final fault of a tool: nothing happened in the world
│   └── ModelError       a model gave no answer that can be used: the desk goes on without it
├── UnknownOutcomeError  the call may or may not have happened: never blindly retried
├── ReplayMismatchError  a recorded step differs from the one now running
└── StorageError         a database or file of ours can't be read or written
"""

from typing import ClassVar


class CountersignError(Exception):
    """Any error of ours: a stable `code`, one line of text, where it is, and the next step.

    `where` names file, line or field; `hint` is what to do next. Texts hold no personal data.
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, where: str = "", hint: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint
        self.detail = detail

    @property
    def full_code(self) -> str:
        """The class's code, refined by the instance's detail: `input.charset`."""
        return f"{self.code}.{self.detail}" if self.detail else self.code

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        step = f" ({self.hint})" if self.hint else ""
        return f"{place}{self.message}{step}"


class MisuseError(CountersignError):
    """The caller broke a contract."""

    code = "misuse"


class SettingsError(MisuseError):
    """A setting or a command's argument is wrong."""

    code = "settings"


class DeskError(MisuseError):
    """A file of the desk folder is missing or wrong."""

    code = "desk"


class InputError(CountersignError):
    """A message or a source can't be taken; it is quarantined with this reason."""

    code = "input"


class RejectedError(CountersignError):
    """Policy, grant or person said no; nothing happened."""

    code = "rejected"


class RetryError(CountersignError):
    """A passing fault; nothing happened, and the same call may succeed later."""

    code = "retry"


class FailedError(CountersignError):
    """A final fault of a tool; nothing happened in the world."""

    code = "failed"


class ModelError(FailedError):
    """A model gave no answer that can be used, or may not be asked; the desk goes on without it."""

    code = "model"


class UnknownOutcomeError(CountersignError):
    """The effect may or may not have happened: ask the system of record, never repeat blindly."""

    code = "unknown"


class ReplayMismatchError(CountersignError):
    """A recorded step differs from the one now running."""

    code = "replay"


class StorageError(CountersignError):
    """A database or file of ours can't be read or written."""

    code = "storage"


def code_of(error: Exception) -> str:
    """The code of any error: its own, or that of a fault in the program."""
    return error.full_code if isinstance(error, CountersignError) else f"bug.{type(error).__name__}"

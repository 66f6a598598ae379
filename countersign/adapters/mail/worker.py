"""The parsing process: reads requests line by line, parses each under limits, answers on one line.

Run as `python -m countersign.adapters.mail.worker` by `process.py`. It holds no secrets, opens no files, and may be
killed at any time: a message that exceeds a limit takes only this process with it.
"""

import os
import sys
import time
from contextlib import suppress

from countersign.adapters.mail.parse import parse_mail, parse_record
from countersign.adapters.mail.parsed import READY, Answer, Request
from countersign.domain.errors import InputError

CPU_SECONDS = 2
"""CPU time for one message, on top of the second that the clock's grain costs."""
_MEMORY = 1024 * 1024 * 1024
"""Address space in bytes: some 100 times the largest message."""


def main() -> None:
    """Serves requests until the input ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing a library prints can end up between the answers
    _limit_memory()
    answers.write(READY)
    answers.flush()
    for line in sys.stdin.buffer:
        _limit_time()
        answers.write(_answer(line).model_dump_json().encode() + b"\n")
        answers.flush()


def _answer(line: bytes) -> Answer:
    try:
        request = Request.model_validate_json(line)
        if request.record is not None:
            return Answer(parsed=parse_record(request.record, request.settings))
        return Answer(parsed=parse_mail(request.raw, request.settings))
    except InputError as error:
        return Answer(code=error.detail, reason=error.message)
    except RecursionError:
        return Answer(code="depth", reason="it is nested too deeply")
    except MemoryError:
        return Answer(code="memory", reason="reading it takes too much memory")
    except Exception as error:  # noqa: BLE001  # whatever a parser stumbles over, the batch goes on
        return Answer(code="unreadable", reason=f"it can't be parsed ({type(error).__name__})")


def _limit_memory() -> None:
    with suppress(ImportError, ValueError, OSError):  # not every system has these limits; the time limit remains
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


def _limit_time() -> None:
    """Lets the process use two to three more seconds of CPU before the system ends it."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + CPU_SECONDS + 1, hard))


if __name__ == "__main__":
    main()

"""The parsing process from outside: kept warm, killed and started again when a message is too much for it."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Self, cast

from pydantic import ValidationError

from countersign.adapters.mail.parsed import READY, Answer, Request
from countersign.domain.errors import StorageError

_SECONDS = 10.0
"""Wall time for one message, where its CPU limit (2 to 3 seconds) does not end it first."""
_START_SECONDS = 60.0


class ParserProcess:
    """Parses messages in a process of their own, one at a time; safe to use from several threads.

    A program is started, nothing is forked: threads, notebooks and open databases of this process don't matter.
    """

    def __init__(self, seconds: float = _SECONDS) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def parse(self, request: Request) -> Answer:
        """Answers a request; one that exceeds a limit or kills the process has the codes `time` or `crash`.

        Raises StorageError where the process can't be started at all.
        """
        with self._lock:
            process = self._started()
            line, late = _exchange(process, request.model_dump_json().encode() + b"\n", self._seconds)
            if line.endswith(b"\n"):
                return _answer(line)
            self._stop()
        over = late or process.returncode in {-24, 152}  # SIGXCPU, seen directly or through a shell
        return Answer(code="time", reason="reading it takes too long") if over else _answer(b"")

    def close(self) -> None:
        """Ends the process; the next message would start another."""
        with self._lock:
            self._stop()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._process = _start()
        return self._process

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe:
                _close(pipe)
        try:
            process.wait(1)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _start() -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "countersign.adapters.mail.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
        start_new_session=True,  # Ctrl-C is for this process alone; the parser ends when its input does
    )
    line, _ = _guarded(process, _pipes(process)[1].readline, _START_SECONDS)
    if line != READY:
        process.kill()
        process.wait()
        raise StorageError("the mail parser's process does not start", hint="run `countersign doctor`", detail="parser")
    return process


def _environment() -> dict[str, str]:
    """What Python needs, and nothing of ours: a parser of hostile mail has no use for passwords."""
    kept = {
        name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TMPDIR", "LD_LIBRARY_PATH") if name in os.environ
    }
    folders = [str(Path(entry).absolute()) for entry in sys.path]
    return {**kept, "PYTHONPATH": os.pathsep.join(folders), "PYTHONUTF8": "1"}


def _exchange(process: subprocess.Popen[bytes], line: bytes, seconds: float) -> tuple[bytes, bool]:
    """Sends a line and reads one: (the answer, whether the process was killed for being late)."""
    source, sink = _pipes(process)

    def speak() -> bytes:
        try:
            source.write(line)
            source.flush()
        except (BrokenPipeError, ValueError):
            return b""
        return sink.readline()

    return _guarded(process, speak, seconds)


def _guarded(process: subprocess.Popen[bytes], action: Callable[[], bytes], seconds: float) -> tuple[bytes, bool]:
    late = threading.Event()

    def end() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        return action(), late.is_set()
    finally:
        timer.cancel()


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    return cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except OSError:
        return  # what was still to be written has no reader any more


def _answer(line: bytes) -> Answer:
    try:
        return Answer.model_validate_json(line)
    except ValidationError:
        return Answer(code="crash", reason="it ends the mail parser's process")

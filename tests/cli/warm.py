"""Commands in processes that are forked from one that has imported the program (see `warm_process`)."""

import atexit
import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 300
"""Seconds that a command may take."""


def run(words: Sequence[str], stdin: str, cwd: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """The finished command with what it wrote."""
    with tempfile.TemporaryDirectory() as folder:
        streams = [Path(folder, name) for name in ("in", "out", "err")]
        for path, content in zip(streams, (stdin, "", ""), strict=True):
            path.write_text(content, encoding="utf-8")
        told = {"words": words, "streams": [str(path) for path in streams], "cwd": str(cwd), "env": dict(env)}
        code = _process().ask(json.dumps(told))
        out, err = (path.read_text(encoding="utf-8") for path in streams[1:])
    return subprocess.CompletedProcess(["countersign", *words], code, out, err)


class _Process:
    def __init__(self) -> None:
        told, self._told = os.pipe()
        self._answers, answers = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.cli.warm_process", str(told), str(answers)], cwd=ROOT,
            pass_fds=(told, answers), stdin=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(told)
        os.close(answers)

    def ask(self, line: str) -> int:
        os.write(self._told, f"{line}\n".encode())
        ready, _, _ = select.select([self._answers], [], [], PATIENCE)
        if not ready:
            self.end()
            raise subprocess.TimeoutExpired(line, PATIENCE)
        return int(os.read(self._answers, 16))

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


@cache
def _process() -> _Process:
    """One for this test process, started when it is first needed."""
    process = _Process()
    atexit.register(process.end)
    return process

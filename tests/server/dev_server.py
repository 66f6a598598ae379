"""A real `langgraph dev` as a process of its own, on a free loopback port."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from countersign.server.tokens import Tokens

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "langgraph.json"
PATIENCE = 90.0
"""Seconds until a start that hangs fails the test."""

CASES = {
    "lost": (
        "simon.hartigan@example.org",
        "Tent lost",
        "order FH-10072, the Basecamp tent, has not been scanned for nearly three weeks. It must be lost. We needed it "
        "last weekend and bought another, so please refund the full price.",
    ),
    "cancel": ("dimitri.papas@example.com", "Cancel", "Please cancel my order FH-10020, I have changed my mind."),
    "twice": (
        "viktor.hradec@example.com",
        "Paid twice",
        "You charged me twice for FH-10049. Please give me the second payment back.",
    ),
    "close": ("vera.lindholm@example.com", "My account", "Please close my account."),
    "data": ("greta.holm@example.com", "My data", "Please send me a copy of my personal data."),
    "hours": ("nobody@example.net", "Opening hours", "When is your support desk open?"),
}
"""Sender, subject and text; all but `hours` wait for a person when their sender is authenticated."""


def written(case: str, **more: object) -> dict[str, object]:
    """A message as it is handed in over HTTP, by somebody who vouches for its sender."""
    sender, subject, text = CASES[case]
    return {"from": sender, "subject": subject, "text": text, "authenticated": True} | more


@dataclass
class DevServer:
    """One server over one var folder; it may be started again."""

    var: Path
    folder: Path
    url: str = ""
    process: "subprocess.Popen[bytes] | None" = None
    tokens: dict[str, str] = field(default_factory=dict[str, str])

    def start(self) -> None:
        """Starts it and waits until it answers."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{port}"
        command = [str(Path(sys.executable).with_name("langgraph")), "dev", "--config", str(CONFIG), "--no-browser"]
        options = ["--no-reload", "--host", "127.0.0.1", "--port", str(port), "--n-jobs-per-worker", "4"]
        here = {"COUNTERSIGN_VAR": str(self.var), "PYTHONPATH": str(ROOT), "LANGGRAPH_CLI_NO_ANALYTICS": "1"}
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *options], cwd=self.folder, env=os.environ | here, stdout=log, stderr=log
            )
        self._await_answer()

    def _await_answer(self) -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            assert self.process is not None
            assert self.process.poll() is None, self.log()
            try:
                if httpx.get(f"{self.url}/ok").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        raise AssertionError(f"the server did not answer:\n{self.log()}")

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """Ends it and answers its exit code."""
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(PATIENCE)

    def log(self) -> str:
        """The end of what it printed."""
        return (self.folder / "log").read_text("utf-8", "replace")[-4000:]

    def person(self, name: str) -> httpx.Client:
        """A client with a person's token."""
        if name not in self.tokens:
            self.tokens[name] = Tokens(self.var).issue(name)
        return httpx.Client(base_url=self.url, headers={"authorization": f"Bearer {self.tokens[name]}"}, timeout=60)


def new_server(prepared_var: Path, folder: Path) -> DevServer:
    """A server, not started, whose shop will be seeded for today."""
    shutil.copytree(prepared_var, folder / "var")
    for file in (folder / "var").glob("shop.db*"):
        file.unlink()
    (folder / "cwd").mkdir()
    return DevServer(folder / "var", folder / "cwd")


def open_ticket(client: httpx.Client, case: str, **more: object) -> dict[str, Any]:
    """A ticket that is in the inbox and nowhere else yet."""
    answer = client.post("/tickets", json=written(case, **more))
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def run(client: httpx.Client, thread: str, **body: object) -> httpx.Response:
    """A run, to its end or its question."""
    return client.post(f"/threads/{thread}/runs/wait", json={"assistant_id": "support"} | body)


def waiting_ticket(client: httpx.Client, case: str) -> dict[str, Any]:
    """A ticket that waits for a person, run by the server; `question` is the id of what it asks."""
    ticket = open_ticket(client, case)
    answer = run(client, ticket["thread_id"], input={})
    assert answer.status_code == 200, answer.text
    return ticket | {"question": answer.json()["__interrupt__"][0]["id"]}

"""One server for each module of tests."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.conftest import require
from tests.server.dev_server import DevServer, new_server


@pytest.fixture(scope="module", autouse=True)
def needs_the_server() -> None:
    """Skips, or fails where it is required, without the development server's packages."""
    present = find_spec("langgraph_api") is not None and find_spec("langgraph_cli") is not None
    require("langgraph-api", present, "install langgraph-cli[inmem]")


@pytest.fixture(scope="module")
def server(prepared_var: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevServer]:
    """A running server on files of this module's own."""
    server = new_server(prepared_var, tmp_path_factory.mktemp("server"))
    server.start()
    yield server
    server.stop()

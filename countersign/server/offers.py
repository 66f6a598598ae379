"""The routes that are offered. Whatever is not in this table does not exist."""

import re
from dataclasses import dataclass

from countersign.server.bodies import Body, History, NewRun, NewThread, Search, Written

_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_NAMES = {"thread": _UUID, "run": _UUID, "assistant": f"support|{_UUID}"}


@dataclass(frozen=True, slots=True)
class Offer:
    """A method and a path, the body it takes, and the query parameters that are passed on."""

    method: str
    path: str
    body: type[Body] | None = None
    query: frozenset[str] = frozenset()

    def match(self, method: str, path: str) -> re.Match[str] | None:
        """The path's parts, where this is what is asked for."""
        return self._pattern.fullmatch(path) if method == self.method else None

    @property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(re.sub(r"{(\w+)}", lambda part: f"(?P<{part[1]}>{_NAMES[part[1]]})", self.path))


IGNORED = frozenset({"cancel_on_disconnect"})
"""Query parameters that clients send without being asked, and that are left out: no run is cancelled here."""
OFFERS: tuple[Offer, ...] = (
    Offer("GET", "/info"),
    Offer("GET", "/tickets"),
    Offer("POST", "/tickets", Written),
    Offer("POST", "/assistants/search", Search),
    Offer("GET", "/assistants/{assistant}"),
    Offer("GET", "/assistants/{assistant}/schemas"),
    Offer("GET", "/assistants/{assistant}/graph", query=frozenset({"xray"})),
    Offer("POST", "/threads", NewThread),
    Offer("POST", "/threads/search", Search),
    Offer("GET", "/threads/{thread}"),
    Offer("GET", "/threads/{thread}/state", query=frozenset({"subgraphs"})),
    Offer("GET", "/threads/{thread}/history", query=frozenset({"limit"})),
    Offer("POST", "/threads/{thread}/history", History),
    Offer("POST", "/threads/{thread}/runs", NewRun),
    Offer("POST", "/threads/{thread}/runs/wait", NewRun),
    Offer("POST", "/threads/{thread}/runs/stream", NewRun),
    Offer("GET", "/threads/{thread}/runs", query=frozenset({"limit", "offset"})),
    Offer("GET", "/threads/{thread}/runs/{run}"),
    Offer("GET", "/threads/{thread}/runs/{run}/join"),
    Offer("GET", "/threads/{thread}/runs/{run}/stream", query=frozenset({"stream_mode"})),
)


def offered(method: str, path: str) -> tuple[Offer, dict[str, str]] | None:
    """The offer that a request is for, with the parts of its path; None where there is none."""
    for offer in OFFERS:
        if found := offer.match(method, path):
            return offer, found.groupdict()
    return None

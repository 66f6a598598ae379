"""The circuit breaker of one endpoint: after some failures in a row it is left alone for a while."""

import threading
from collections.abc import Callable
from time import monotonic

FAILURES = 5
"""In a row."""
SECONDS = 30.0
"""How long the endpoint is left alone; then one call tries it."""


class Breaker:
    """Opens after FAILURES in a row; safe to share between threads."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._failures = 0
        self._shut_until = 0.0

    def lets_through(self) -> bool:
        """Whether a call may be made; while it is open, one call in SECONDS."""
        with self._lock:
            if self._failures < FAILURES:
                return True
            if self._now() < self._shut_until:
                return False
            self._shut_until = self._now() + SECONDS
            return True

    def note(self, failed: bool) -> None:
        """How a call ended."""
        with self._lock:
            self._failures = self._failures + 1 if failed else 0
            if self._failures >= FAILURES:
                self._shut_until = self._now() + SECONDS

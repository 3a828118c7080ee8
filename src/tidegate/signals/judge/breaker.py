"""A circuit breaker: a server that has failed several times in a row is left alone for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from tidegate.signals.judge.failure import NoVerdictError


class Breaker:
    """Counts failures in a row. After `limit` of them nothing is let through for `pause_s` seconds; then one
    request is, and its fate decides. Safe to share between threads."""

    def __init__(self, limit: int, pause_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit, self.pause_s, self.clock = limit, pause_s, clock
        self.failures = 0
        self.last = ""
        self.until = 0.0
        self._lock = threading.Lock()

    def check(self) -> None:
        """Let a request through.

        Raises:
            NoVerdictError: the server is being left alone.
        """
        with self._lock:
            if self.failures < self.limit:
                return
            if self.clock() < self.until:
                raise NoVerdictError(f"paused after {self.failures} failures in a row ({self.last})")
            # The others wait until this one request has shown how the server is.
            self.until = self.clock() + self.pause_s

    def succeeded(self) -> None:
        with self._lock:
            self.failures, self.last = 0, ""

    def failed(self, reason: str) -> None:
        with self._lock:
            self.failures += 1
            self.last = reason
            if self.failures >= self.limit:
                self.until = self.clock() + self.pause_s

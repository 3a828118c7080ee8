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
        self.since = 0.0
        self.until = 0.0
        self.trying = False
        self.passing = True
        self._lock = threading.Lock()

    def check(self) -> bool:
        """Let a request through.

        Returns:
            Whether it is the one that finds out how the server is: its fate must be told, or that it was left
            untried.

        Raises:
            NoVerdictError: the server is being left alone.
        """
        with self._lock:
            if self.failures < self.limit:
                return False
            if self.clock() < self.until:
                # Requests that were on their way may have failed besides: how many is chance.
                raise NoVerdictError(f"paused after {self.limit} failures in a row ({self.last})")
            # The others wait until this one request has shown how the server is.
            self.trying = True
            self.until = self.clock() + self.pause_s
            return True

    def is_worth_waiting(self, within_s: float) -> bool:
        """Whether something may be let through within so many seconds of when the pause began, or a request
        is finding out now. So an outage is waited out once, and not by every item anew; what no time mends,
        such as a wrong key, is not."""
        with self._lock:
            if self.trying or self.failures < self.limit:
                return True
            return self.passing and self.until < self.since + within_s

    def left_untried(self) -> None:
        """What was to find out was not sent: another may in its place, at once."""
        with self._lock:
            self.trying, self.until = False, self.clock()

    def succeeded(self) -> None:
        with self._lock:
            self.failures, self.last, self.trying = 0, "", False

    def failed(self, reason: str, *, passing: bool = True, trial: bool = False) -> None:
        """`passing`: whether the same request may do better a moment later. `trial`: it was the one that
        finds out; others, on their way since before, say nothing of that one."""
        with self._lock:
            self.failures += 1
            self.last, self.passing = reason, passing
            if trial:
                self.trying = False
            if self.failures == self.limit:
                self.since = self.clock()
            if self.failures >= self.limit:
                self.until = self.clock() + self.pause_s

"""Whose turn it is to write, first come first served, over all threads and processes.

SQLite lets one writer in at a time and has the others knock again after naps of up to a tenth of a second.
Under load somebody who has just come is let in before all who nap, and some are never. So whoever wants to
write waits here first: within a process in a queue, of which the first alone stands before the file. Two
locks stand there, one behind the other: who holds the outer one is next, so that a process that has just
written cannot be in again before one that waited. The system gives both back when a process dies.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections import deque
from functools import cache
from pathlib import Path

NEXT, WRITING = 0, 1
"""The two locks: bytes of a file that is empty."""
NAP_S = 0.001


class Turns:
    """The turns of one database, as this process sees them."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._descriptor: int | None = None
        self._mutex = threading.Lock()
        self._taken = False
        self._waiting: deque[threading.Lock] = deque()

    def take(self, within_s: float) -> bool:
        """Wait for the turn; whether it came within this time."""
        until = time.monotonic() + within_s
        if not self._first_here(until):
            return False
        try:
            came = self._first_of_all(until)
        except BaseException:
            self._hand_on()
            raise
        if not came:
            self._hand_on()
        return came

    def give(self) -> None:
        """End one's turn."""
        fcntl.lockf(self._opened(), fcntl.LOCK_UN, 1, WRITING)
        self._hand_on()

    def _first_here(self, until: float) -> bool:
        with self._mutex:
            if not self._taken:
                self._taken = True
                return True
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        if mine.acquire(timeout=max(0.0, until - time.monotonic())):
            return True
        with self._mutex:
            if mine in self._waiting:
                self._waiting.remove(mine)
                return False
        return True  # it came in the last moment

    def _hand_on(self) -> None:
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False

    def _first_of_all(self, until: float) -> bool:
        if not self._locked(NEXT, until):
            return False
        try:
            return self._locked(WRITING, until)
        finally:
            fcntl.lockf(self._opened(), fcntl.LOCK_UN, 1, NEXT)

    def _locked(self, which: int, until: float) -> bool:
        # Waiting for a lock of the system knows no end, so it is asked for again and again.
        while True:
            try:
                fcntl.lockf(self._opened(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, which)
            except (BlockingIOError, PermissionError):
                if time.monotonic() >= until:
                    return False
                time.sleep(NAP_S)
            else:
                return True

    def _opened(self) -> int:
        # Opened once: the locks of a process on a file end when it closes the file anywhere.
        if self._descriptor is None:
            self._descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o644)
        return self._descriptor


@cache
def turns_of(database: Path) -> Turns:
    """The turns of the database in this file."""
    return Turns(database.with_name(f"{database.name}-turns"))


# A child has no part in its parent's turns.
os.register_at_fork(after_in_child=turns_of.cache_clear)

"""The lanes: requests that arrive together become one batch, so that they share a transaction.

One thread per lane takes in. While it works, requests gather; then it takes all that fit. What is long has a
lane of its own, or all that came behind it would wait for it to be read.
"""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from tidegate.server.content.arrivals import Arrival
from tidegate.server.content.counts import Key
from tidegate.server.content.pending import Answer
from tidegate.server.ops.tracing import here, span

TakeIn = Callable[[Sequence[Arrival]], list[Answer]]

LONG = 20_000
"""Characters of a request from which it is long: half a second of a processor and more, where all is read."""


@dataclass(frozen=True)
class Request:
    """Arrivals that are answered together, or not at all; `span` is that of who waits for the answer."""

    arrivals: Sequence[Arrival]
    answer: Future[list[Answer]] = field(default_factory=Future)
    span: Any = field(default_factory=here)


class Lane:
    """Gathers requests and takes them in, up to `most` items at once.

    A batch that fails is taken in again request by request, so that one bad request fails alone.
    """

    def __init__(self, take_in: TakeIn, most: int) -> None:
        self._take_in, self._most = take_in, most
        self._waiting: queue.SimpleQueue[Request] = queue.SimpleQueue()
        self._next: Request | None = None
        threading.Thread(target=self._work, name="intake", daemon=True).start()

    def submit(self, arrivals: Sequence[Arrival]) -> Future[list[Answer]]:
        """The answers to come, in order. No id may occur twice."""
        request = Request(arrivals)
        self._waiting.put(request)
        return request.answer

    def _work(self) -> None:
        while True:
            requests = self._gather()
            if len(requests) == 1 or not self._settle(requests):
                for request in requests:
                    self._settle_alone(request)

    def _gather(self) -> list[Request]:
        """The next request, and those that wait behind it, as long as no item occurs twice."""
        first = self._next or self._waiting.get()
        self._next = None
        requests, keys = [first], {one.key for one in first.arrivals}
        while len(keys) < self._most:
            try:
                request = self._waiting.get_nowait()
            except queue.Empty:
                break
            more = {one.key for one in request.arrivals}
            if keys & more or len(keys) + len(more) > self._most:
                self._next = request
                break
            keys |= more
            requests.append(request)
        return requests

    def _settle(self, requests: Sequence[Request]) -> bool:
        try:
            with span("batch", serves=[one.span for one in requests], requests=len(requests)):
                answers = self._take_in([one for request in requests for one in request.arrivals])
        except Exception:
            return False
        start = 0
        for request in requests:
            request.answer.set_result(answers[start : start + len(request.arrivals)])
            start += len(request.arrivals)
        return True

    def _settle_alone(self, request: Request) -> None:
        try:
            with span("batch", serves=[request.span], requests=1):
                answers = self._take_in(request.arrivals)
            request.answer.set_result(answers)
        except Exception as error:
            request.answer.set_exception(error)


class Lanes:
    """Two lanes, for what is short and for what is long.

    An item that is under way keeps to its lane, so that what is sent later is taken in later.
    """

    def __init__(self, take_in: TakeIn, most: int) -> None:
        self._short, self._long = Lane(take_in, most), Lane(take_in, most)
        self._lock = threading.Lock()
        self._under_way: dict[Key, Lane] = {}
        self._times: Counter[Key] = Counter()

    def submit(self, arrivals: Sequence[Arrival]) -> Future[list[Answer]]:
        """As `Lane.submit`."""
        keys = [one.key for one in arrivals]
        with self._lock:
            lane = self._lane_for(arrivals)
            self._under_way |= dict.fromkeys(keys, lane)
            self._times.update(keys)
            answer = lane.submit(arrivals)
        answer.add_done_callback(lambda _: self._arrived(keys))
        return answer

    def _lane_for(self, arrivals: Sequence[Arrival]) -> Lane:
        kept = {id(lane): lane for one in arrivals if (lane := self._under_way.get(one.key)) is not None}
        if kept:  # of both, the long one: what is long is likely there
            return self._long if id(self._long) in kept else self._short
        return self._long if sum(one.characters for one in arrivals) >= LONG else self._short

    def _arrived(self, keys: Sequence[Key]) -> None:
        with self._lock:
            self._times.subtract(keys)
            for key in keys:
                if self._times[key] <= 0:
                    del self._times[key], self._under_way[key]

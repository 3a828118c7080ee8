"""The worker: claims what is due, sends it, and records what came of it, until it is told to stop.

One thread speaks with the database. Each endpoint has threads of its own that send, so that a slow one
holds up no other.
"""

from __future__ import annotations

import logging
import queue
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from django.db import Error, connection

from tidegate.server.delivery.claiming import active_endpoints, claim, record
from tidegate.server.delivery.models import Delivery, Endpoint
from tidegate.server.delivery.payload import body, message_id
from tidegate.server.delivery.sending import Message, Outcome, send
from tidegate.server.delivery.settings import Webhooks
from tidegate.server.delivery.signing import headers

AT_ONCE = 8
"""Messages on their way to one endpoint at a time, from one worker."""
IDLE_S = 0.25
"""Between two looks at the outbox where nothing was due."""
AFTER_TROUBLE_S = 1.0

log = logging.getLogger("tidegate.worker")


class Worker:
    """Delivers until `stop` was called, and then finishes what is on its way."""

    def __init__(self, settings: Webhooks) -> None:
        self._settings = settings
        self._stopping = False
        # Also woken by `stop`, which a signal calls: a SimpleQueue may be put to from there.
        self._done: queue.SimpleQueue[tuple[Delivery, Outcome] | None] = queue.SimpleQueue()
        self._senders: dict[int, ThreadPoolExecutor] = {}
        self._on_their_way: Counter[int] = Counter()
        self._unrecorded: list[tuple[Delivery, Outcome]] = []

    def stop(self) -> None:
        self._stopping = True
        self._done.put(None)

    def run(self, *, once: bool = False) -> None:
        """Deliver until stopped; with `once`, until nothing is due and nothing on its way."""
        try:
            while True:
                try:
                    self._record()
                    claimed = 0 if self._stopping else self._claim()
                except Error as error:
                    # The database is away, or busy for long. What is done is recorded when it is back.
                    log.warning("the database cannot be used: %s", str(error).strip())
                    connection.close()
                    if self._stopping:
                        return  # the claims lapse, and what is not recorded is sent again
                    time.sleep(AFTER_TROUBLE_S)
                    continue
                busy = self._on_their_way.total() > 0
                if not busy and (self._stopping or (once and not claimed)):
                    return
                self._gather(wait_s=self._settings.timeout_s if busy and self._stopping else IDLE_S)
        finally:
            for sender in self._senders.values():
                sender.shutdown()

    def _claim(self) -> int:
        claimed = 0
        for endpoint in active_endpoints():
            free = AT_ONCE - self._on_their_way[endpoint.pk]
            for delivery in claim(endpoint, free, self._settings) if free else ():
                if endpoint.pk not in self._senders:
                    self._senders[endpoint.pk] = ThreadPoolExecutor(AT_ONCE)
                self._on_their_way[endpoint.pk] += 1
                self._senders[endpoint.pk].submit(self._send, delivery, _message(delivery, endpoint))
                claimed += 1
        return claimed

    def _send(self, delivery: Delivery, message: Message) -> None:
        settings = self._settings
        try:
            outcome = send(message, timeout_s=settings.timeout_s, allow_private=settings.allow_private)
        except Exception as error:  # a fault of ours must not take the delivery with it
            outcome = Outcome(f"{type(error).__name__}: {error}"[:200])
        self._done.put((delivery, outcome))

    def _gather(self, wait_s: float) -> None:
        """Whatever is done; waits for the first."""
        try:
            found = [self._done.get(timeout=wait_s)]
        except queue.Empty:
            return
        found += self._at_hand()
        for delivery, outcome in filter(None, found):
            self._on_their_way[delivery.endpoint_id] -= 1
            self._unrecorded.append((delivery, outcome))
            if outcome.problem:
                log.warning("%s: delivery %d: %s", delivery.endpoint, delivery.pk, outcome.problem)

    def _at_hand(self) -> Iterator[tuple[Delivery, Outcome] | None]:
        while not self._done.empty():
            yield self._done.get()

    def _record(self) -> None:
        if self._unrecorded:
            record(self._unrecorded, self._settings)
            self._unrecorded = []


def _message(delivery: Delivery, endpoint: Endpoint) -> Message:
    content = body(delivery)
    secrets = [endpoint.secret]
    if endpoint.old_until is not None and endpoint.now < endpoint.old_until:
        secrets.append(endpoint.old_secret)
    signed = headers(message_id(delivery), int(endpoint.now.timestamp()), content, secrets)
    return Message(
        endpoint.url, {**signed, "Content-Type": "application/json", "User-Agent": "Tidegate"}, content
    )

"""Clients that send as fast as they are answered, in threads with connections of their own."""

from __future__ import annotations

import http.client
import itertools
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import orjson


@dataclass(frozen=True)
class Load:
    """Items, how many a second, and the median and the 99th percentile of the ms to answer a request."""

    items: int
    items_a_second: float
    p50: float
    p99: float


def send(port: int, key: str, texts: Sequence[str], *, at_once: int, clients: int, seconds: float) -> Load:
    """Send new items, `at_once` in each request, by so many clients for so long; every answer must be 200."""
    numbers = itertools.count()
    stamp = time.time_ns()

    def bodies() -> Iterator[bytes]:
        while True:
            posts = [
                {"id": f"{stamp}-{number}", "text": texts[number % len(texts)]}
                for number in itertools.islice(numbers, at_once)
            ]
            yield orjson.dumps({"items": posts} if at_once > 1 else posts[0])

    def work(_: int) -> list[float]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
        taken = []
        for body in bodies():
            started = time.perf_counter()
            if started > end:
                break
            connection.request("POST", "/api/v1/items", body, headers)
            answer = connection.getresponse()
            content = answer.read()
            if answer.status != 200:
                raise SystemExit(f"{answer.status}: {content[:500]!r}")
            taken.append(time.perf_counter() - started)
        connection.close()
        return taken

    begun = time.perf_counter()
    end = begun + seconds
    with ThreadPoolExecutor(clients) as pool:
        taken = [one for mine in pool.map(work, range(clients)) for one in mine]
    p50, p99 = np.percentile(taken, [50, 99]) * 1_000
    items = len(taken) * at_once
    return Load(items, items / (time.perf_counter() - begun), float(p50), float(p99))

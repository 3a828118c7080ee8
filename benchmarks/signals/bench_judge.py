"""The judge against the bare client on the same requests: what checking, budget and store cost.

The server is a process of its own that answers after 20 ms, quicker than any model, and one that answers at
once. Both sides ask 8 at a time, in turns; processor time of this side alone is counted, so that other work
on the machine does not.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.figure import Figure
from benchmarks.signals.chat_server import POLICY
from tidegate.runs.workspace import STARTER
from tidegate.signals import build_detectors
from tidegate.signals.judge.detector import Judge
from tidegate.signals.judge.duplicates import fingerprint
from tidegate.tables import ITEMS

ITEMS_ASKED, AT_ONCE = 400, 8
ROUNDS = 3


def run() -> Iterator[Figure]:
    for delay_s in (0.02, 0.0):
        with serving(delay_s) as url:
            seconds: dict[str, list[float]] = {"judge": [], "bare": []}
            for turn in range(ROUNDS):
                with tempfile.TemporaryDirectory() as folder:
                    judge = judge_at(url, Path(folder))
                    items = posts(turn)
                    seconds["bare"].append(timed(lambda judge=judge, items=items: bare(judge, items)))
                    seconds["judge"].append(timed(lambda judge=judge, items=items: judge.detect(items)))
        ours, theirs = min(seconds["judge"]), min(seconds["bare"])
        name, speed = f"judge, a server that answers after {1000 * delay_s:.0f} ms", ITEMS_ASKED / ours
        yield Figure(
            name, round(speed, 1), "items/s of processor time", "the bare openai client", theirs / ours
        )
    texts = posts(0)["text"].to_list()
    took = timed(lambda: [fingerprint(text) for text in texts])
    yield Figure("fingerprints for near duplicates", round(len(texts) / took), "texts/s of processor time")


@contextmanager
def serving(delay_s: float) -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.signals.chat_server", str(delay_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}/v1"
        finally:
            server.kill()


def judge_at(url: str, folder: Path) -> Judge:
    section = {"base_url": url, "model": "m", "policies": [POLICY], "concurrency": AT_ONCE}
    section["store"] = str(folder / "judge.sqlite")
    judge = build_detectors({"judge": section}, STARTER)["judge"]
    assert isinstance(judge, Judge)
    return judge


def posts(turn: int) -> pl.DataFrame:
    texts = [
        f"The library opens at {n % 24} on day {n} of year {turn}, and everybody is welcome"
        for n in range(ITEMS_ASKED)
    ]
    given = {"id": [str(n) for n in range(ITEMS_ASKED)], "kind": ["text"] * ITEMS_ASKED, "text": texts}
    return pl.concat([ITEMS.empty(), pl.DataFrame(given)], how="diagonal")


def bare(judge: Judge, items: pl.DataFrame) -> None:
    """The same requests, with nothing done about the answers."""
    from openai import AsyncOpenAI

    requests = [judge.questions.request(judge.questions.question(row)) for row in items.rows(named=True)]

    async def all_of_them() -> None:
        places = asyncio.Semaphore(AT_ONCE)
        async with AsyncOpenAI(base_url=judge.settings.base_url, api_key="none", max_retries=0) as client:

            async def one(request: dict[str, Any]) -> None:
                async with places:
                    await client.chat.completions.create(**request)

            await asyncio.gather(*(one(request) for request in requests))

    asyncio.run(all_of_them())


def timed(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began

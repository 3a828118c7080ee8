"""What a batch of 100 items costs in processor time, decided and stored, against the same models that decide
alone: both called within one process, in turns, without HTTP between. On SQLite and on PostgreSQL, whose own
time is added.

`bench_load` has the service as clients find it; this is for machines that are too busy for that.
"""

from __future__ import annotations

import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import orjson
from benchmarks.figure import Figure
from benchmarks.server.bench_load import ROOT, stream, tidegate
from benchmarks.server.database import postgresql
from benchmarks.server.processor import seconds

AT_ONCE, BATCHES, ROUNDS = 100, 5, 7
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def run() -> Iterator[Figure]:
    for name, database in (("PostgreSQL", postgresql()), ("SQLite", nullcontext((None, None)))):
        with database as (url, process), tempfile.TemporaryDirectory() as folder:
            os.environ.pop("DATABASE_URL", None)
            if url is not None:
                os.environ["DATABASE_URL"] = url
            site = Path(folder) / "site"
            texts = stream(Path(folder))
            tidegate("init", str(site))
            tidegate("publish", "strategies/text.yaml", "--message", "load", cwd=site)
            key = tidegate("key", "load", "--zone", "us", "--scope", "items", cwd=site)
            (site / "texts.json").write_bytes(orjson.dumps(texts))
            command = [sys.executable, "-m", __name__, key, *([str(process)] if process else [])]
            environment = os.environ | {"PYTHONPATH": str(ROOT)}
            done = subprocess.run(command, cwd=site, env=environment, stdout=subprocess.PIPE, check=True)
        ours, theirs = zip(*json.loads(done.stdout), strict=True)
        ratio = statistics.median(bare / one for one, bare in zip(ours, theirs, strict=True))
        cost = round(statistics.median(ours), 2)
        yield Figure(f"{name}: an item, in batches of {AT_ONCE}", cost, "ms of processor", "bare", ratio)


def costs(key: str, processes: Collection[int]) -> Iterator[tuple[float, float]]:
    """Milliseconds of processor time of an item, ours and theirs, round by round."""
    from tidegate.server.boot import boot

    boot(Path())
    from benchmarks.server.bare import application as bare

    from tidegate.server.wsgi import application as ours

    texts = orjson.loads(Path("texts.json").read_bytes())

    def cost(application: Application, prefix: str, batches: int) -> float:
        before = time.process_time() + seconds(processes)
        for number in range(batches):
            first = number * AT_ONCE
            posts = [
                {"id": f"{prefix}-{place}", "text": texts[place % len(texts)]}
                for place in range(first, first + AT_ONCE)
            ]
            send(application, orjson.dumps({"items": posts}), key)
        return (time.process_time() + seconds(processes) - before) * 1_000 / batches / AT_ONCE

    for application in (ours, bare):
        cost(application, "warm", BATCHES)
    for number in range(ROUNDS):
        yield cost(ours, f"round-{number}", BATCHES), cost(bare, "", BATCHES)


def send(application: Application, body: bytes, key: str) -> None:
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/api/v1/items",
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "HTTP_HOST": "127.0.0.1",
        "HTTP_AUTHORIZATION": f"Bearer {key}",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
    }
    said = ""
    while not said.startswith("200"):
        environ["wsgi.input"] = io.BytesIO(body)
        told: list[str] = []
        answer = b"".join(application(environ, lambda status, headers, told=told: told.append(status)))
        said = told[0]
        if not said.startswith(("200", "503")):  # the very first takes as long as the models take to load
            raise SystemExit(f"{said}: {answer[:500]!r}")


if __name__ == "__main__":
    print(json.dumps(list(costs(sys.argv[1], [int(one) for one in sys.argv[2:]]))))

"""The same models behind a bare endpoint that stores nothing, against which the service is measured."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

import orjson
import polars as pl

from tidegate.runs.bench import set_up
from tidegate.strategy import decide_online
from tidegate.tables import ITEMS

BENCH = set_up("starter")


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Decides what `POST /api/v1/items` takes, request by request, and forgets it."""
    sent = orjson.loads(environ["wsgi.input"].read())
    posts = sent.get("items", [sent]) if sent else []
    columns = {name: [post.get(name) for post in posts] for name in ITEMS.names}
    frame = pl.DataFrame({**columns, "kind": ["text"] * len(posts)}, schema=ITEMS.schema)
    cases = decide_online(BENCH.strategy, frame, BENCH.ask, catalog=BENCH.catalog) if posts else []
    answer = orjson.dumps(
        {"decisions": [{"action": case.rule.then if case.rule else None} for case in cases]}
    )
    start_response("200 OK", [("Content-Type", "application/json")])
    return [answer]


if __name__ == "__main__":
    from granian import Granian
    from granian.constants import Interfaces

    Granian(
        "benchmarks.server.bare:application",
        port=int(sys.argv[1]),
        interface=Interfaces.WSGI,
        blocking_threads=16,
        log_enabled=False,
    ).serve()

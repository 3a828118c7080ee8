"""A detector that asks another server over HTTP, slow or down as the test wants it.

The workspace imports this module (`use = "tests.server.judging:build"`); the test runs the server it asks.
"""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.request import Request, urlopen

import polars as pl

from tidegate.signals import Example
from tidegate.tables import DetectorSpec, SignalField, SignalType

STRATEGY = """
strategy: judged
version: 1
audit: 1.0
rules:
  - {id: unwanted, when: "item.market = 'XX'", then: remove}
  - {id: repeat, when: "author.removed_30d >= 1", then: review, queue: offenders}
  - {id: judged, when: "item.surface = 'forum' and judge.score >= 0.5", then: remove}
  - {id: reported, when: "item.reports >= 2", then: review, queue: reported}
  - {id: otherwise, then: allow}
"""


class Judge:
    spec = DetectorSpec(
        name="judge",
        version="1",
        fields=(SignalField("score", SignalType.NUMBER, "Chance, told by a server.", "0 to 1"),),
        cost_ms=1.0,
    )
    examples = (Example("HELLO", {"score": 1.0}),)

    def __init__(self, url: str) -> None:
        self._url = url

    def detect(self, items: pl.DataFrame) -> pl.DataFrame:
        asked = Request(self._url, json.dumps(items["text"].to_list()).encode())
        with urlopen(asked, timeout=30) as answer:
            return pl.DataFrame({"judge.score": json.load(answer)}, schema={"judge.score": pl.Float64})


def build(settings: Mapping[str, object]) -> Judge:
    return Judge(str(settings["url"]))


@dataclass
class Server:
    """Says 1 of texts in capitals and 0 of others, after `delay` seconds."""

    url: str
    delay: float = 0.0
    asked: list[list[str]] = field(default_factory=list)
    """The texts of each request, in their order."""


@contextmanager
def judging() -> Iterator[Server]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            texts = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            told.asked.append(texts)
            time.sleep(told.delay)
            body = json.dumps([float(text.isupper()) for text in texts]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    class Quiet(http.server.ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A worker that is killed hangs up: that is what is tested."""

    with Quiet(("127.0.0.1", 0), Handler) as server:
        told = Server(f"http://127.0.0.1:{server.server_address[1]}/")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield told
        finally:
            server.shutdown()

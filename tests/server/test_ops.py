"""What those who run the service look at: health, metrics of all processes, logs without content, traces."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client.parser import text_string_to_metric_families
from tests.server.conftest import TIDEGATE, free_port, run, wait_for
from tests.server.receiving import until

SECRET = "a word that nobody may find in a log"
STRATEGY = """
strategy: watched
version: 1
rules:
  - {id: banned, when: "item.market = 'XX'", then: remove}
  - {id: sure, when: "quick.max_risk > 0.999", then: review}
  - {id: otherwise, then: allow}
"""


class Collector(HTTPServer):
    """Takes traces in, as OTLP over HTTP."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.spans: list[Any] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        told = ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["content-length"])))
        self.server.spans += [s for r in told.resource_spans for scope in r.scope_spans for s in scope.spans]
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


class Watched:
    """A service of two processes with logs of JSON, which sends its traces to a collector."""

    def __init__(self, workspace: Path, collector: Collector) -> None:
        self.workspace, self.port, self.collector = workspace, free_port(), collector
        self.environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        self.environment |= {"TIDEGATE_LOG": "json", "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
        self.environment["OTEL_BSP_SCHEDULE_DELAY"] = "100"

    def command(self, *arguments: str) -> str:
        done = run(*arguments, cwd=self.workspace, environment=self.environment)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def get(self, path: str, key: str | None = None, **headers: str) -> httpx.Response:
        sent = {**({"Authorization": f"Bearer {key}"} if key else {}), **headers}
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", headers=sent, timeout=30)

    def post(self, key: str, **item: Any) -> httpx.Response:
        url = f"http://127.0.0.1:{self.port}/api/v1/items"
        body = {"id": f"post-{uuid.uuid4()}", "text": "Tea.", **item}
        return httpx.post(url, json=body, headers={"Authorization": f"Bearer {key}"}, timeout=30)

    @property
    def lines(self) -> list[dict[str, Any]]:
        text = (self.workspace / "log").read_text()
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    workspace = tmp_path_factory.mktemp("watched") / "site"
    workspace.mkdir()
    collector = Collector()
    threading.Thread(target=collector.serve_forever, args=(0.05,), daemon=True).start()
    found = Watched(workspace, collector)
    found.command("init", ".")
    (workspace / "strategies" / "text.yaml").write_text(STRATEGY)
    serve = [*TIDEGATE, "serve", "--port", str(found.port), "--workers", "2"]
    with (
        (workspace / "log").open("w") as log,
        subprocess.Popen(serve, cwd=workspace, env=found.environment, stderr=log) as process,
    ):
        try:
            wait_for(found.port, process)
            yield found
        finally:
            process.terminate()
            process.wait(timeout=60)
            collector.shutdown()
            collector.server_close()


@pytest.fixture(scope="module")
def key(watched: Watched) -> str:
    """A key, before which the service lives and is not ready."""
    assert watched.get("/health/live").json() == {"live": True}
    before = watched.get("/health/ready")
    assert (before.status_code, before.json()["because"]) == (503, "no strategy is active")
    watched.command("publish", "strategies/text.yaml", "--message", "the first")
    after = watched.get("/health/ready")
    assert (after.status_code, after.json()) == (200, {"ready": True, "because": None})
    return watched.command("key", "feed", "--zone", "us", "--scope", "items", "--scope", "metrics")


def metrics(watched: Watched, key: str) -> dict[str, float]:
    """Each sample by its name and labels."""
    families = text_string_to_metric_families(watched.get("/metrics", key).raise_for_status().text)
    return {
        sample.name
        + "".join(f" {label}={value}" for label, value in sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def test_metrics_add_up_over_the_processes_and_say_nothing_of_zones(watched: Watched, key: str) -> None:
    for number in range(20):
        assert watched.post(key, market="XX" if number % 4 == 0 else "YY").status_code == 200
    found = metrics(watched, key)
    assert found["tidegate_items_total action=remove"] == 5
    assert found["tidegate_items_total action=allow"] == 15
    assert found["tidegate_batch_items_sum"] == 20
    assert found["tidegate_request_seconds_count method=POST route=/api/v1/items status=200"] == 20
    assert found["tidegate_deliveries state=waiting"] == 0
    assert found["tidegate_switches_off"] == 0
    assert "zone" not in watched.get("/metrics", key).text
    assert watched.get("/metrics").status_code == 401
    other = watched.command("key", "other", "--zone", "us", "--scope", "items")
    assert watched.get("/metrics", other).status_code == 403


def test_a_method_that_somebody_made_up_is_no_series_of_its_own(watched: Watched, key: str) -> None:
    """Else anybody could fill the memory of Prometheus, and ours."""
    for number in range(3):
        made_up = httpx.request(
            f"MADEUP{number}", f"http://127.0.0.1:{watched.port}/api/v1/items", timeout=30
        )
        assert made_up.status_code == 405
    found = watched.get("/metrics", key).text
    assert "MADEUP" not in found
    assert 'method="other",route="/api/v1/items",status="405"' in found


def test_what_is_off_and_what_failed_for_it_are_counted(watched: Watched, key: str) -> None:
    watched.command("switch", "off", "detector", "quick", "--because", "a try")
    decided = watched.post(key, text="Tea.").json()["decisions"][0]
    assert decided["reason"] == "detector_failed: quick"
    found = metrics(watched, key)
    assert found["tidegate_switches_off"] == found["tidegate_detector_failures_total detector=quick"] == 1
    watched.command("switch", "on", "detector", "quick")


def test_logs_name_routes_and_hold_nothing_that_people_wrote(watched: Watched, key: str) -> None:
    answer = watched.post(key, id=f"{SECRET} id", text=SECRET, author_id=SECRET).json()
    assert answer["decisions"][0]["id"] == f"{SECRET} id"
    watched.get(f"/api/v1/items/{SECRET} id", key).raise_for_status()
    assert watched.get(f"/{SECRET}", key).status_code in (302, 404)
    until(lambda: any(line.get("route") == "/api/v1/items/<anytext:item_id>" for line in watched.lines))
    line = next(line for line in watched.lines if line.get("route") == "/api/v1/items")
    assert line["logger"] == "tidegate.requests"
    assert (line["method"], line["status"], line["actor"]) == ("POST", 200, "key:feed")
    assert line["ms"] > 0
    assert SECRET not in (watched.workspace / "log").read_text()
    assert "%20" not in (watched.workspace / "log").read_text()


def test_what_fails_is_logged_by_its_route_too(watched: Watched, key: str) -> None:
    with closing(sqlite3.connect(watched.workspace / "tidegate.db")) as database:
        database.execute("alter table content_itemversion rename to gone")
        try:
            watched.post(key, id=f"{SECRET} id")
            assert watched.get(f"/api/v1/items/{SECRET} id", key).status_code == 503
        finally:
            database.execute("alter table gone rename to content_itemversion")
    said = "Service Unavailable: /api/v1/items/"
    until(lambda: any(line["message"].startswith(said) for line in watched.lines))
    assert SECRET not in (watched.workspace / "log").read_text()


def test_what_the_exporter_of_traces_says_is_json_too() -> None:
    says = (
        "import logging, logging.config; from tidegate.server.ops.logs import logging_config; "
        "logging.config.dictConfig(logging_config('json')); "
        "logging.getLogger('opentelemetry.exporter').warning('nobody listens')"
    )
    done = subprocess.run([sys.executable, "-c", says], capture_output=True, text=True, check=True)
    line = json.loads(done.stderr)
    assert (line["level"], line["message"]) == ("warning", "nobody listens")


def test_a_request_goes_on_in_the_trace_that_it_came_in(watched: Watched, key: str) -> None:
    trace = uuid.uuid4().hex
    watched.get("/api/v1/items?limit=1", key, traceparent=f"00-{trace}-{'1' * 16}-01").raise_for_status()
    until(lambda: any(span.trace_id.hex() == trace for span in list(watched.collector.spans)))
    found = next(span for span in watched.collector.spans if span.trace_id.hex() == trace)
    assert found.name == "GET /api/v1/items"
    attributes = {one.key: one.value.int_value or one.value.string_value for one in found.attributes}
    assert attributes == {"http.route": "/api/v1/items", "http.response.status_code": 200}
    assert any(span.name == "take in" for span in watched.collector.spans)


def test_a_batch_links_to_the_requests_that_it_serves(watched: Watched, key: str) -> None:
    traces = [uuid.uuid4().hex for _ in range(4)]

    def send(trace: str) -> None:
        items = [{"id": f"{trace}-{number}", "text": "Tea."} for number in range(50)]
        headers = {"Authorization": f"Bearer {key}", "traceparent": f"00-{trace}-{'1' * 16}-01"}
        url = f"http://127.0.0.1:{watched.port}/api/v1/items"
        httpx.post(url, json={"items": items}, headers=headers, timeout=60).raise_for_status()

    with ThreadPoolExecutor(len(traces)) as pool:
        list(pool.map(send, traces))

    def spans(name: str) -> list[Any]:
        return [span for span in list(watched.collector.spans) if span.name == name]

    def links() -> dict[str, bytes]:
        return {link.trace_id.hex(): link.span_id for batch in spans("batch") for link in batch.links}

    until(lambda: set(traces) <= set(links()))
    until(lambda: set(traces) <= {span.trace_id.hex() for span in spans("POST /api/v1/items")})
    requests = {span.trace_id.hex(): span.span_id for span in spans("POST /api/v1/items")}
    assert {trace: links()[trace] for trace in traces} == {trace: requests[trace] for trace in traces}
    batches = {batch.trace_id for batch in spans("batch")}
    until(lambda: batches <= {span.trace_id for span in spans("take in")})
    assert all(batch.trace_id.hex() not in traces for batch in spans("batch"))


def processes(port: int) -> list[int]:
    """The processes that serve this port, oldest first."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue  # it has ended meanwhile
        if b"serve" in words and str(port).encode() in words:
            found.append(int(path.parent.name))
    return sorted(found)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="where processes are listed otherwise")
def test_a_process_that_dies_is_replaced(watched: Watched, key: str) -> None:
    oldest, *others = processes(watched.port)
    os.kill(others[-1], signal.SIGKILL)
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            answers = [watched.get("/health/live").status_code for _ in range(10)]
        except httpx.TransportError:
            answers = []
        if answers == [200] * 10:
            break
        time.sleep(0.2)
    assert answers == [200] * 10
    os.kill(oldest, 0)

"""Decisions leave: at least once, in order per item, whatever becomes of workers and receivers."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook
from tests.server.receiving import EXAMPLE, SETTINGS, acts, until

WORKER = (sys.executable, "-m", "tidegate.cli.main", "worker")


@dataclass(frozen=True)
class Platform:
    """A zone with an endpoint: a key that sends items there, and what signs what leaves."""

    service: Any
    zone: str
    key: str
    secret: str

    def post(self, item: str, text: str) -> dict[str, Any]:
        with self.service.client(self.key) as client:
            answer = client.post("/items", json={"id": item, "text": text}).raise_for_status().json()
        decision: dict[str, Any] = answer["decisions"][0]
        return decision

    def undo(self, item: str) -> dict[str, Any]:
        with self.service.client(self.key) as client:
            answer: dict[str, Any] = client.post(f"/items/{item}/undo").raise_for_status().json()
        return answer

    def command(self, *arguments: str) -> str:
        return succeeded(self.service, *arguments)


def succeeded(service: Any, *arguments: str) -> str:
    done = service.command(*arguments)
    assert done.returncode == 0, done.stderr
    return str(done.stdout).strip()


@pytest.fixture(scope="module")
def delivering(service: Any) -> Any:
    """The service, with receivers on this machine let in."""
    path = service.workspace / "tidegate.toml"
    if "[webhooks]" not in path.read_text():
        path.write_text(path.read_text() + SETTINGS)
    return service


def platform(service: Any, url: str, *options: str) -> Platform:
    """A new zone whose decisions go to this address."""
    zone = f"z{uuid.uuid4().hex[:8]}"
    with ThreadPoolExecutor() as both:
        key = both.submit(succeeded, service, "key", f"feed-{zone}", "--zone", zone, "--scope", "items")
        added = ("webhook", f"hook-{zone}", "--zone", zone, "--url", url, *options)
        secret = both.submit(succeeded, service, *added)
        return Platform(service, zone, key.result(), secret.result())


class Receiver(ThreadingHTTPServer):
    """Keeps what it is sent. How it answers, the id of the item says: `500x2-…` twice with 500, then well."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.paths: list[str] = []
        self.lock, self.over = threading.Lock(), threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hooks?of=tidegate"

    def of(self, item: str) -> list[dict[str, Any]]:
        """The messages on an item, each as often as it came."""
        with self.lock:
            messages = [json.loads(body) for _, body in self.received]
        return [one for one in messages if one["data"]["id"] == item]

    def ids_of(self, item: str) -> list[str]:
        with self.lock:
            return [
                head["webhook-id"] for head, body in self.received if json.loads(body)["data"]["id"] == item
            ]

    def handle_error(self, request: object, client_address: object) -> None:
        """A worker that hangs up, or is killed, is what is tested."""


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        item = json.loads(body)["data"]["id"]
        with self.server.lock:
            self.server.paths.append(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.server.received.append((headers, body))
        came = len(self.server.of(item))
        how, _, times = item.partition("-")[0].partition("x")
        status = int(how) if how.isdigit() and came <= int(times or 99) else 200
        if how == "silent" and came <= int(times or 99):
            self.server.over.wait(20)
            return
        if how == "slow":
            self.server.over.wait(0.5)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/inner")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    threading.Thread(target=receiver.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield receiver
    finally:
        receiver.over.set()
        receiver.shutdown()
        receiver.server_close()


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture(scope="module")
def here(delivering: Any, receiver: Receiver) -> Platform:
    return platform(delivering, receiver.url)


def worker(service: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        WORKER,
        cwd=service.workspace,
        env=service.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.fixture
def working(delivering: Any) -> Iterator[subprocess.Popen[bytes]]:
    with worker(delivering) as process:
        yield process
        if process.poll() is None:
            process.terminate()
            assert process.wait(timeout=60) == 0


def name(how: str = "post") -> str:
    return f"{how}-{uuid.uuid4().hex[:12]}"


def test_deliveries_end_as_designed(here: Platform, receiver: Receiver, working: object) -> None:
    well, twice, silent, never, slow, away = (
        name(how) for how in ("post", "500x2", "silentx1", "500", "slow", "302")
    )
    decisions = {item: here.post(item, "Tea.") for item in (well, twice, silent, never, slow, away)}
    edited = [here.post(never, "Tea again."), here.post(silent, "Tea again.")]
    until(lambda: len(receiver.of(never)) == 8 and len(receiver.of(away)) == 4)
    until(lambda: len(receiver.of(silent)) == 3 and receiver.of(slow) and len(receiver.of(twice)) == 3)

    [told] = receiver.of(well)
    assert told["type"] == "item.decided"
    assert told["data"] == {**decisions[well], "sequence": 1}
    with receiver.lock:
        headers, body = next(one for one in receiver.received if json.loads(one[1]) == told)
    Webhook(here.secret).verify(body.decode(), headers)

    # A retry is the same message; a later decision waits until the earlier one has ended.
    assert len(set(receiver.ids_of(twice))) == 1
    assert [one["data"]["version"] for one in receiver.of(silent)] == [1, 1, 2]
    assert [one["data"]["version"] for one in receiver.of(never)] == [1] * 4 + [2] * 4
    assert edited[0]["version"] == 2
    assert set(receiver.paths) == {"/hooks?of=tidegate"}, "a redirect is not followed"

    # The last answer has come; that it was the last try is written down a moment later.
    until(lambda: [here.command("webhook", "dead").count(item) for item in (never, away)] == [2, 1])
    dead = [line.split("\t") for line in here.command("webhook", "dead").splitlines()]
    mine = [line for line in dead if line[3] in (never, away)]
    assert {line[3] for line in dead if line[1] == f"hook-{here.zone}"} <= {never, away}
    [redirected] = [line for line in mine if line[3] == away]
    assert redirected[-1] == "answered 302: redirects are not followed"
    assert here.command("webhook", "resend", redirected[0]) == "1 to be sent anew"
    until(lambda: len(receiver.of(away)) >= 5)
    assert len(set(receiver.ids_of(away))) == 1
    assert here.service.command("webhook", "resend", "987654321").returncode == 2
    assert "holds" in here.command("ledger", "verify")


def test_what_has_not_left_is_cancelled_and_what_may_have_is_told(here: Platform, receiver: Receiver) -> None:
    kept, gone = name(), name("a/b")
    here.post(kept, "Tea.")
    undone = here.undo(kept)
    assert (undone["cancelled"], undone["left"]) == (1, 0)
    assert undone["decision"]["version"] == 1
    here.post(gone, "Tea.")
    here.command("worker", "--once")
    assert receiver.of(kept) == []
    for _ in range(2):
        undone = here.undo(gone)
        assert (undone["cancelled"], undone["left"]) == (0, 1)
    here.command("worker", "--once")
    assert [(one["type"], one["data"]["sequence"]) for one in receiver.of(gone)] == [
        ("item.decided", 1),
        ("item.undone", 2),
    ]
    with here.service.client(here.key) as client:
        assert client.post(f"/items/{name()}/undo").status_code == 404
        assert client.get(f"/items/{gone}/undo").status_code == 404
        # An item may be called so.
        assert client.post("/items", json={"id": "odd/undo", "text": "Tea."}).status_code == 200
        assert client.get("/items/odd/undo").json()["id"] == "odd/undo"
    with here.service.client() as other:
        assert other.post(f"/items/{gone}/undo").status_code == 404, "another zone's"


@pytest.mark.slow
def test_an_endpoint_that_has_gone_is_disabled_and_a_delay_holds_back(delivering: Any) -> None:
    with receiving() as receiver:
        there = platform(delivering, receiver.url, "--delay", "3600")
        there.post(name("410x1"), "Tea.")
        there.command("worker", "--once")
        assert receiver.received == [], "it has an hour to be undone"
        hook = f"hook-{there.zone}"
        there.command("webhook", hook, "--remove")
        again = platform(delivering, receiver.url)
        item, later = name("410x1"), name()
        again.post(item, "Tea.")
        again.command("worker", "--once")
        assert len(receiver.of(item)) == 1
        again.post(later, "Tea.")
        again.command("worker", "--once")
        assert receiver.of(later) == []
        [listed] = [line for line in again.command("webhook", "list").splitlines() if again.zone in line]
        assert "no, 410" in listed
        assert hook not in again.command("webhook", "list"), "it was removed"
        again.command("webhook", f"hook-{again.zone}", "--enable")
        [listed] = [line for line in again.command("webhook", "list").splitlines() if again.zone in line]
        assert "yes" in listed
        new = again.command("webhook", f"hook-{again.zone}", "--rotate")
        again.command("webhook", "resend", "--all")
        again.command("worker", "--once")
        assert len(receiver.of(item)) == 2
        assert len(receiver.of(later)) == 1, "what was decided meanwhile is told too"
        headers, body = receiver.received[-1]
        for secret in (new, again.secret):
            Webhook(secret).verify(body.decode(), headers)


STEPPED_BACK = """
import sys
from datetime import timedelta
from pathlib import Path
from tidegate.server.boot import boot
boot(Path("."), migrate=False)
from django.db.models.functions import Now
from tidegate.server.delivery.models import Delivery
day = timedelta(days=1)
mine = Delivery.objects.filter(endpoint__zone=sys.argv[1], state="waiting")
print(mine.update(set_at=Now() + day, due_at=Now() + day, claimed_at=Now() + day, claimed_until=Now() + day))
"""


@pytest.mark.slow
def test_a_clock_that_has_stepped_back_holds_nothing_up(here: Platform, receiver: Receiver) -> None:
    """What was set and claimed before the step lies in the future now."""
    item = name()
    here.post(item, "Tea.")
    stepped = subprocess.run(
        [sys.executable, "-c", STEPPED_BACK, here.zone],
        cwd=here.service.workspace,
        env=here.service.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(stepped.stdout) >= 1
    here.command("worker", "--once")
    assert len(receiver.of(item)) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("ftp://hooks.example.com/x", "no address"),
        ("https://", "no address"),
        ("https://user:pass@hooks.example.com/", "no name and password"),
    ],
)
def test_an_address_that_is_none_is_refused(delivering: Any, url: str, says: str) -> None:
    done = delivering.command("webhook", name(), "--zone", "us", "--url", url)
    assert done.returncode == 2
    assert says in done.stderr


@pytest.mark.parametrize(
    "kills", [3, *(pytest.param(kills, marks=pytest.mark.slow) for kills in (0, 20, 200))]
)
def test_nothing_is_lost_done_twice_or_out_of_order(delivering: Any, tmp_path: Path, kills: int) -> None:
    """Four workers, killed at random moments while decisions are made; the reference receiver acts."""
    chance = random.Random(kills)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    there = platform(delivering, f"http://127.0.0.1:{port}/")
    db = tmp_path / "received.db"
    command = [sys.executable, str(EXAMPLE), "--port", str(port), "--db", str(db)]
    environment = {**os.environ, "WEBHOOK_SECRET": there.secret}
    items, sent, over = [name() for _ in range(6)], defaultdict(int), threading.Event()

    def feed() -> None:
        with delivering.client(there.key) as client:
            while not over.is_set() or len(sent) < len(items) or min(sent.values()) < 10:
                batch = [{"id": item, "text": f"Tea {sent[item]}."} for item in items]
                client.post("/items", json={"items": batch}).raise_for_status()
                for item in items:
                    sent[item] += 1
                over.wait(0.1)

    with ExitStack() as stack, (tmp_path / "said").open("w") as said:
        receiver = stack.enter_context(subprocess.Popen(command, env=environment, stdout=said))
        stack.callback(receiver.kill)
        workers = [worker(delivering) for _ in range(4)]
        stack.callback(lambda: [process.kill() or process.wait() for process in workers])
        feeder = stack.enter_context(ThreadPoolExecutor(1)).submit(feed)
        stack.callback(over.set)
        for _ in range(kills):
            # Something has arrived since the last kill: however slow the machine, it is work that is cut off.
            until(partial(more_than, len(acts(db)), db), seconds=120)
            time.sleep(chance.uniform(0, 0.5))
            place = chance.randrange(4)
            workers[place].kill()
            workers[place].wait()
            workers[place] = worker(delivering)
        over.set()
        feeder.result(timeout=60)
        until(lambda: len(acts(db)) == sum(sent.values()), seconds=600)
        for process in workers:
            process.terminate()
        # One that was still starting, and had claimed nothing, dies of the signal.
        assert {process.wait(timeout=60) for process in workers} <= {0, -signal.SIGTERM}
    of_item = defaultdict(list)
    for item, sequence in acts(db):
        of_item[item].append(sequence)
    assert of_item == {item: list(range(1, count + 1)) for item, count in sent.items()}
    assert "older than what was done" not in (tmp_path / "said").read_text()
    assert "holds" in there.command("ledger", "verify")
    there.command("webhook", f"hook-{there.zone}", "--remove")


def more_than(number: int, db: Path) -> bool:
    return len(acts(db)) > number

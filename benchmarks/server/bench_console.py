"""How soon the next item is painted after a decision, in a real Chromium, with 100,000 items waiting.

    python -m benchmarks console

A reviewer decides DECISIONS items by keyboard, one every PAUSE_S seconds once it is painted, which is faster
than anybody reads. The screen marks when Enter was pressed and when the next item was in a frame. The service
has one process on the first core, Chromium the last; SQLite.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.server.bench_load import TIDEGATE, free_port, served, tidegate
from playwright.sync_api import Page, Response, sync_playwright

WAITING = int(os.environ.get("WAITING", 100_000))
DECISIONS = 200
PAUSE_S = 0.3
PASSWORD = "tide and gate and river"
STRATEGY = """
strategy: everything
audit: 0.000001
version: 1
rules:
  - {id: seen, when: "item.views >= 10", then: review, queue: seen}
  - {id: otherwise, then: review, queue: plain}
"""
SETTINGS = """
[queues.seen]
assist = 1
[queues.plain]
assist = 1
[care]
per_hour = 100000
per_day = 100000
per_week = 100000
"""
"""Nothing is covered, and no limit ends the run."""
FILL = """
import sys
from pathlib import Path
from tidegate.server.boot import boot
boot(Path("."))
from tidegate.server.content.actions import take_in
from tidegate.server.content.arrivals import CONTENT, Arrival
full = dict.fromkeys(CONTENT) | {"kind": "text", "text": "A post about tea, tides and trains. " * 8}
for start in range(0, int(sys.argv[1]), 1000):
    take_in([Arrival("key:bench", "us", f"post-{start + n}", full, n % 20) for n in range(1000)])
"""


def run() -> Iterator[Figure]:
    chromium = os.environ.get("TIDEGATE_CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        raise SystemExit("there is no Chromium: apt-get install chromium")
    every = sorted(range(os.cpu_count() or 1))
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {every[-1]})
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder) / "site"
        tidegate("init", str(site))
        (site / "strategies" / "text.yaml").write_text(STRATEGY)
        with (site / "tidegate.toml").open("a") as settings:
            settings.write(SETTINGS)
        tidegate("publish", "strategies/text.yaml", "--message", "bench", cwd=site)
        subprocess.run([sys.executable, "-c", FILL, str(WAITING)], cwd=site, check=True)
        link = tidegate("person", "mia", "--role", "moderator", "--zone", "us", cwd=site)
        port = free_port()
        with (
            served([*TIDEGATE, "serve", "--port", str(port)], site, port, every[0]),
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
            sign_in(page, port, link)
            yield from first_page(page, port)
            yield from decisions(page)
            browser.close()


def sign_in(page: Page, port: int, link: str) -> None:
    page.goto(re.sub(r"^http://[^/]+", f"http://127.0.0.1:{port}", link))
    page.fill("#id_password1", PASSWORD)
    page.fill("#id_password2", PASSWORD)
    page.click("main button[type=submit]")
    page.goto(f"http://127.0.0.1:{port}/account/login/")
    page.fill("#id_login", "mia")
    page.fill("#id_password", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url(lambda address: "/account/login/" not in address)


def first_page(page: Page, port: int) -> Iterator[Figure]:
    """From the click to the first item in a frame, and what the page and its parts weigh."""
    replies: list[Response] = []
    page.on("response", replies.append)
    took = []
    for _ in range(5):
        replies.clear()
        page.goto(f"http://127.0.0.1:{port}/review/")
        painted(page, 1)
        took.append(page.evaluate("performance.getEntriesByName('painted')[0].startTime"))
    yield Figure("first page, opened to painted, median of 5", round(statistics.median(took), 1), "ms")
    size = sum(len(reply.body()) for reply in replies if reply.ok)
    yield Figure("its size, uncompressed, with style and script", round(size / 1000, 1), "kB")


def decisions(page: Page) -> Iterator[Figure]:
    for number in range(DECISIONS):
        painted(page, number + 1)
        time.sleep(PAUSE_S)
        page.keyboard.press("1")
        page.keyboard.press("Enter")
    painted(page, DECISIONS + 1)
    starts = page.evaluate(
        "['decided', 'painted'].map((name) => performance.getEntriesByName(name).map((one) => one.startTime))"
    )
    took = sorted(after - before for before, after in zip(starts[0], starts[1][1:], strict=True))
    for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        value = took[int(share * (len(took) - 1))]
        yield Figure(f"decision to next item painted, {name}", round(value, 1), "ms")


def painted(page: Page, many: int) -> None:
    """Wait until so many items have been painted on this page."""
    end = time.monotonic() + 30
    while page.evaluate("performance.getEntriesByName('painted').length") < many:
        if time.monotonic() > end:
            raise SystemExit(f"item {many} was not painted within 30 s: {page.inner_text('main')[:600]}")
        time.sleep(0.01)

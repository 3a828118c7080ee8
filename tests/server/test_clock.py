"""The clock steps back by an hour while everything runs: nothing waits until it is as late again."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.server.conftest import TIDEGATE, database, running
from tests.server.judging import judging
from tests.server.receiving import until
from tests.server.test_delivery import receiving

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
HOUR = 3_600
STRATEGY = """
strategy: clock
version: 1
audit: {proportional_to: item.views, budget_per_day: 1000}
rules:
  - {id: flood, when: "author.items_1h >= 4", then: limit_reach}
  - {id: judged, when: "item.surface = 'forum' and judge.score >= 0.5", then: remove}
  - {id: otherwise, then: allow}
"""


@dataclass(frozen=True)
class Clock:
    """What processes of the environment take for the time of day; `step` moves it while they run."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(self.folder / "clock.so"), "CLOCK_OFFSET": str(self.folder / "offset")}

    def step(self, seconds: int) -> None:
        with (self.folder / "offset").open("r+b") as file:
            file.write(struct.pack("l", seconds))


@pytest.fixture
def clock() -> Iterator[Clock]:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler makes the clock")
    # Not below pytest's own folder, which the user of PostgreSQL may not enter.
    folder = Path(tempfile.mkdtemp(prefix="tidegate-clock-"))
    folder.chmod(0o755)
    (folder / "offset").write_bytes(struct.pack("l", 0))
    source = Path(__file__).with_name("clock.c")
    command = [compiler, "-shared", "-fPIC", "-O2", "-o", folder / "clock.so", source]
    subprocess.run(command, check=True)
    yield Clock(folder)
    shutil.rmtree(folder)


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def test_nothing_waits_until_it_is_later(
    kind: str,
    clock: Clock,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in clock.environment.items():
        monkeypatch.setenv(name, value)  # the database's server too
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    with judging() as judge, receiving() as receiver, database(kind, tmp_path_factory) as url:
        if url is not None:
            monkeypatch.setenv("DATABASE_URL", url)
        settings = f"""
[detectors.judge]
use = "tests.server.judging:build"
url = "{judge.url}"
[intake]
deadline_ms = 800
lease_s = 600
[webhooks]
allow_private = true
first_wait_s = 600
lease_s = 600
"""
        with running(
            tmp_path / "site", dict(os.environ), workers=1, strategy=STRATEGY, settings=settings
        ) as service:
            limited = service.command(
                "key", "limited", "--zone", "us", "--scope", "items", "--per-minute", "60"
            ).stdout.strip()
            service.command("webhook", "hook", "--zone", "us", "--url", receiver.url)
            with service.client() as client, service.client(limited) as metered:
                refused = post(client, id=f"500x1-{uuid.uuid4()}")["id"]
                service.command("worker", "--once")
                assert len(receiver.of(refused)) == 1, "tried, and due again in ten minutes"
                for _ in range(3):
                    assert post(client, author_id="anna")["rule"] == "otherwise"
                burst = metered.post(
                    "/items", json={"items": [{"id": str(n), "text": "calm"} for n in range(60)]}
                )
                assert burst.status_code == 200
                judge.delay = 3
                pending = post(client, text="TERRIBLE", surface="forum")
                assert pending["state"] == "pending"
                # A worker holds it, for ten minutes, and dies.
                asked = len(judge.asked)
                with subprocess.Popen(
                    [*TIDEGATE, "worker"], cwd=service.workspace, stderr=subprocess.DEVNULL
                ) as worker:
                    until(lambda: len(judge.asked) > asked)
                    worker.kill()
                judge.delay = 0
                service.command("worker", "--once")
                assert client.get(f"/items/{pending['id']}").json()["pending"] is not None

                clock.step(-HOUR)
                stepped = post(client, author_id="bo")
                past = datetime.now(UTC).timestamp() - HOUR
                assert abs(datetime.fromisoformat(stepped["decided_at"]).timestamp() - past) < HOUR / 2
                assert post(client, author_id="anna")["rule"] == "otherwise", "three were there before"
                assert post(client, author_id="anna")["rule"] == "flood", "counts do not run backwards"
                until(
                    lambda: metered.post("/items", json={"id": "later", "text": "calm"}).status_code == 200,
                    seconds=10,
                )
                service.command("worker", "--once")
                assert len(receiver.of(refused)) == 2
                decided = client.get(f"/items/{pending['id']}").json()
                assert [one["rule"] for one in decided["decisions"]] == ["judged"]
                assert "holds" in service.command("ledger", "verify").stdout


def post(client: httpx.Client, **columns: Any) -> dict[str, Any]:
    item = {"id": f"post-{uuid.uuid4()}", "text": "calm", **columns}
    answer: dict[str, Any] = client.post("/items", json=item).raise_for_status().json()["decisions"][0]
    return answer

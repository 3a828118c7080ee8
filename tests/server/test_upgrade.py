"""An upgrade under load, from what a former version really was: its code, its tables, data and processes.

The former code is taken from the history of this repository, as it was before a migration came. It serves
over tables of its own; the new code changes them meanwhile, and serves beside it; no request is lost, and few
are told to come again.
"""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import tarfile
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.server.conftest import TIDEGATE, database, free_port, run, running, wait_for
from tests.server.receiving import until

ROOT = Path(__file__).parents[2]
APPS = "src/tidegate/server"
BEFORE_PENDING = f"{APPS}/content/migrations/0004_pending.py"
BEFORE_ROLES = f"{APPS}/people/migrations/0003_roles_and_zones.py"


def git(*arguments: str) -> bytes:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("the history of the repository is not at hand")
    return done.stdout


def code_before(migration: str, folder: Path) -> Path:
    """The sources as they were before this migration was added."""
    added = git("log", "--diff-filter=A", "--format=%H", "--", migration).decode().split()
    if not added:
        pytest.skip("the history of the repository does not reach so far back")
    with tarfile.open(fileobj=BytesIO(git("archive", f"{added[-1]}^", "src"))) as archive:
        archive.extractall(folder, filter="data")
    return folder / "src"


class Load:
    """Clients that send new items, edits and reports."""

    def __init__(self, key: str, url: str) -> None:
        self.key, self.url = key, url
        self.answered = 0
        self.refused: list[str] = []
        self.told_to_wait = 0
        self.accepted: dict[str, tuple[str, int]] = {}
        """By item the text that was accepted last, and how many versions that makes."""
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._feed, args=(seed,)) for seed in range(3)]

    def __enter__(self) -> Load:
        for one in self._threads:
            one.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for one in self._threads:
            one.join()

    def go_on(self, answers: int) -> None:
        """Wait for so many more answers."""
        least = self.answered + answers
        until(lambda: self.answered + len(self.refused) >= least, seconds=120)

    def _feed(self, seed: int) -> None:
        chance, mine = random.Random(seed), list[str]()
        headers = {"Authorization": f"Bearer {self.key}"}
        with httpx.Client(base_url=f"{self.url}/api/v1", headers=headers, timeout=60) as client:
            while not self._over.is_set():
                edited = chance.sample(mine, min(2, len(mine)))
                fresh = [f"post-{uuid.uuid4()}" for _ in range(3)]
                texts = {item: f"Tea {chance.random()}." for item in (*edited, *fresh)}
                body = {"items": [{"id": item, "text": text} for item, text in texts.items()]}
                decisions = self._sent(client, "/items", body).get("decisions", [])
                mine += fresh if decisions else []
                for decision in decisions:
                    self.accepted[decision["id"]] = (texts[decision["id"]], decision["version"])
                if decisions:
                    event = {"id": f"r-{uuid.uuid4()}", "item_id": fresh[0], "type": "report", "by": "anna"}
                    self._sent(client, "/events", event)

    def _sent(self, client: httpx.Client, path: str, body: Any) -> dict[str, Any]:
        answer = client.post(path, json=body)
        # On SQLite whoever waits too long for the one writer is told to come again, and does.
        while answer.status_code == 503:
            self.told_to_wait += 1
            answer = client.post(path, json=body)
        if answer.status_code != 200:
            self.refused.append(f"{answer.status_code} {answer.text}")
            return {}
        self.answered += 1
        found: dict[str, Any] = answer.json()
        return found


@contextmanager
def serving(workspace: Path, environment: dict[str, str]) -> Iterator[str]:
    """The service of another version over a workspace that is there."""
    port = free_port()
    command = [*TIDEGATE, "serve", "--port", str(port)]
    with subprocess.Popen(command, cwd=workspace, env=environment, stderr=subprocess.PIPE) as process:
        try:
            wait_for(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=60)


@pytest.mark.parametrize("former", [BEFORE_PENDING, pytest.param(BEFORE_ROLES, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def test_tables_change_while_former_processes_take_items_in(
    kind: str, former: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    new = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "PYTHONPATH")}
    sources = code_before(former, tmp_path / "former")
    with database(kind, tmp_path_factory) as url:
        if url is not None:
            new["DATABASE_URL"] = url
        old = {**new, "PYTHONPATH": str(sources)}
        with running(tmp_path / "site", old, four_eyes=None) as service:

            def said(environment: dict[str, str], *arguments: str) -> str:
                done = run(*arguments, cwd=service.workspace, environment=environment)
                assert done.returncode == 0, done.stderr
                return done.stdout

            said(old, "webhook", "hook", "--zone", "us", "--url", "https://hooks.example.com/")
            with Load(service.key, service.url) as load:
                load.go_on(30)
                said(new, "versions")  # any command brings the tables up to date
                load.go_on(30)
                with serving(service.workspace, new) as url_of_new, Load(service.key, url_of_new) as second:
                    load.go_on(20)
                    second.go_on(20)
            assert load.refused + second.refused == []
            assert load.told_to_wait + second.told_to_wait < (load.answered + second.answered) / 10
            said(new, "webhook", "hook", "--rotate")
            assert "holds" in said(new, "ledger", "verify")
            with serving(service.workspace, new) as url_of_new:
                found = httpx.Client(
                    base_url=f"{url_of_new}/api/v1", headers={"Authorization": f"Bearer {service.key}"}
                )
                for item, (text, version) in (load.accepted | second.accepted).items():
                    whole = found.get(f"/items/{item}").raise_for_status().json()
                    assert (whole["text"], whole["version"]) == (text, version)
                    assert len(whole["decisions"]) == version
                found.close()
            if kind == "sqlite":
                assert tables(service.workspace) == tables(laid_out(tmp_path / "fresh", new))


def laid_out(workspace: Path, environment: dict[str, str]) -> Path:
    workspace.mkdir()
    for arguments in (("init", "."), ("versions",)):
        assert run(*arguments, cwd=workspace, environment=environment).returncode == 0
    return workspace


def tables(workspace: Path) -> set[Any]:
    """Everything that the schema of a workspace's database says."""
    with sqlite3.connect(workspace / "tidegate.db") as db:
        found = set(db.execute("select type, name, sql from sqlite_master"))
    db.close()
    return found

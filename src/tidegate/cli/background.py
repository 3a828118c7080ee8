"""A service that goes on when the command that started it has ended: the demo's."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tidegate.errors import RunError, Where

PIDFILE = "serve.json"
STARTS_WITHIN = 60.0


def start(site: Path, port: int) -> str:
    """Serve a workspace on this port, or the next that is free; returns the address once it is ready.

    Raises:
        RunError: it does not start.
    """
    port = next(free for free in range(port, port + 100) if _is_free(free))
    log = site / "serve.log"
    with log.open("w") as said:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tidegate.cli.main",
                "serve",
                "--workspace",
                str(site),
                "--port",
                str(port),
            ],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}"
    end = time.monotonic() + STARTS_WITHIN
    while not _answers(f"{url}/health/ready"):
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            raise RunError("the service does not start", where=Where(log), remedy="Its log says why.")
        time.sleep(0.1)
    (site / PIDFILE).write_text(json.dumps({"pid": process.pid, "url": url}))
    return url


def stop(site: Path) -> bool:
    """Stop the service that `start` has started on this workspace, if it still runs; says whether it did."""
    file = site / PIDFILE
    if not file.is_file():
        return False
    told = json.loads(file.read_text())
    file.unlink()
    if not _answers(f"{told['url']}/health/live"):
        return False  # its number may be another process's by now
    try:
        os.kill(told["pid"], signal.SIGTERM)
    except ProcessLookupError:
        return False  # it has ended, and another service answers there now
    end = time.monotonic() + STARTS_WITHIN
    while _answers(f"{told['url']}/health/live") and time.monotonic() < end:
        time.sleep(0.1)
    return True


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0

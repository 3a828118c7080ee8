"""The reference receiver of webhooks, and waiting for what it does."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "webhook_receiver.py"
SETTINGS = """
[webhooks]
allow_private = true
first_wait_s = 0.1
factor = 1
timeout_s = 1
lease_s = 2
tries = 4
"""


def until(holds: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)


def acts(db: Path) -> list[tuple[str, int]]:
    if not db.exists():
        return []
    with sqlite3.connect(db, timeout=30) as connection:
        try:
            return connection.execute("SELECT item, sequence FROM act ORDER BY number").fetchall()
        except sqlite3.OperationalError:
            return []  # the receiver has not begun
        finally:
            connection.commit()

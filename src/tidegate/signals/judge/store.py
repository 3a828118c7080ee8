"""Answers and spending at rest, in one SQLite file beside tidegate.toml.

An answer is found by what it is the answer to: item, prompt, policies, model and parameters, hashed. Spending
is kept by UTC day, so that a budget holds across processes and runs.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tidegate.errors import SignalError, Where

SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, judge TEXT NOT NULL, item_id TEXT NOT NULL, answer TEXT NOT NULL,
    fingerprint BLOB, negations TEXT, at TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bands (
    judge TEXT NOT NULL, band INTEGER NOT NULL, key TEXT NOT NULL, PRIMARY KEY (judge, band, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spending (
    judge TEXT NOT NULL, day TEXT NOT NULL, tokens INTEGER NOT NULL, money REAL NOT NULL,
    PRIMARY KEY (judge, day)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS answers_at ON answers (at);
"""
BUSY_S = 30.0


class Store:
    """Open it with `open_store`; use it in the thread that opened it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def answer(self, key: str) -> str | None:
        found = self.connection.execute("SELECT answer FROM answers WHERE key = ?", (key,)).fetchone()
        return None if found is None else str(found[0])

    def keep(
        self,
        key: str,
        judge: str,
        item_id: str,
        answer: str,
        fingerprint: bytes | None,
        negations: str,
        bands: Sequence[int],
    ) -> None:
        now = _now().isoformat()
        with self.connection:
            self.connection.execute(
                "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?)",
                (key, judge, item_id, answer, fingerprint, negations, now),
            )
            self.connection.executemany(
                "INSERT OR IGNORE INTO bands VALUES (?, ?, ?)",
                [(judge, _signed(band), key) for band in bands],
            )

    def alike(self, judge: str, bands: Sequence[int]) -> list[tuple[str, str, bytes, str]]:
        """Key, item, fingerprint and negations of the answers that share a band."""
        places = ",".join("?" * len(bands))
        return self.connection.execute(
            "SELECT key, item_id, fingerprint, negations FROM answers "
            "WHERE fingerprint IS NOT NULL AND key IN "
            f"(SELECT key FROM bands WHERE judge = ? AND band IN ({places})) ORDER BY at, key",
            (judge, *map(_signed, bands)),
        ).fetchall()

    def spent(self, judge: str) -> tuple[int, float]:
        """Tokens, and US dollars, of this day."""
        found = self.connection.execute(
            "SELECT tokens, money FROM spending WHERE judge = ? AND day = ?", (judge, _day())
        ).fetchone()
        return (0, 0.0) if found is None else (int(found[0]), float(found[1]))

    def reserve(self, judge: str, tokens: int, money: float, most: tuple[float, float]) -> bool:
        """Spend so much, unless it would go past `most` tokens and US dollars of the day."""
        with self._writing():
            used_tokens, used_money = self.spent(judge)
            if used_tokens + tokens > most[0] or used_money + money > most[1]:
                return False
            self._spend(judge, tokens, money)
            return True

    def correct(self, judge: str, tokens: int, money: float) -> None:
        """Add what was spent beyond what was reserved; less than nothing gives some back."""
        with self._writing():
            self._spend(judge, tokens, money)

    def purge(self, keep_days: int) -> None:
        """Forget answers that are older, whose items may have been erased meanwhile."""
        before = (_now() - timedelta(days=keep_days)).isoformat()
        with self.connection:
            self.connection.execute(
                "DELETE FROM bands WHERE key IN (SELECT key FROM answers WHERE at < ?)", (before,)
            )
            self.connection.execute("DELETE FROM answers WHERE at < ?", (before,))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def _spend(self, judge: str, tokens: int, money: float) -> None:
        self.connection.execute(
            "INSERT INTO spending VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
            "tokens = tokens + excluded.tokens, money = money + excluded.money",
            (judge, _day(), tokens, money),
        )


@contextmanager
def open_store(path: Path, keep_days: int) -> Iterator[Store]:
    """The store at `path`, made where there is none.

    Raises:
        SignalError: the file cannot be opened, or is no such store.
    """
    try:
        connection = sqlite3.connect(path, timeout=BUSY_S)
        connection.execute("PRAGMA journal_mode = WAL")
        # A crash of the machine may lose the last answers, which can be asked for again; never the file.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(SCHEMA)
    except sqlite3.Error as error:
        raise SignalError(
            f"the judge's answers cannot be kept here: {error}",
            where=Where(path),
            remedy="Name another file with store = …, in a folder that may be written.",
        ) from error
    try:
        store = Store(connection)
        store.purge(keep_days)
        yield store
    finally:
        connection.close()


def _signed(band: int) -> int:
    """SQLite's integers have a sign."""
    return int(struct.unpack("q", struct.pack("Q", band))[0])


def _now() -> datetime:
    return datetime.now(UTC)


def _day() -> str:
    return _now().date().isoformat()

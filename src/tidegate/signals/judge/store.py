"""Answers and spending at rest, in one SQLite file beside tidegate.toml.

An answer is found by what it is the answer to: item, prompt, policies, model and parameters, hashed. Spending
is kept by UTC day, so that a budget holds across processes and runs. What is forgotten is overwritten, in the
file and in its log, and not only marked as free.
"""

from __future__ import annotations

import hashlib
import sqlite3
import struct
from collections.abc import Collection, Iterator, Sequence
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
CREATE TABLE IF NOT EXISTS forgotten (item TEXT PRIMARY KEY, at TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS answers_at ON answers (at);
CREATE INDEX IF NOT EXISTS answers_of_item ON answers (item_id);
"""
BUSY_S = 30.0
IN_FLIGHT = timedelta(hours=1)
"""So long after an item is forgotten no answer about it is kept: one may have been on its way."""


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
        realm: str,
        item_id: str,
        answer: str,
        fingerprint: bytes | None,
        negations: str,
        bands: Sequence[int],
    ) -> None:
        now = _now().isoformat()
        with self._writing():
            if self._is_forgotten(item_id):
                return
            self.connection.execute(
                "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?)",
                (key, realm, item_id, answer, fingerprint, negations, now),
            )
            self.connection.executemany(
                "INSERT OR IGNORE INTO bands VALUES (?, ?, ?)",
                [(realm, _signed(band), key) for band in bands],
            )

    def alike(self, realm: str, bands: Sequence[int]) -> list[tuple[str, str, bytes, str]]:
        """Key, item, fingerprint and negations of the realm's answers that share a band (`judge` in the
        file: see `Question.realm`)."""
        places = ",".join("?" * len(bands))
        return self.connection.execute(
            "SELECT key, item_id, fingerprint, negations FROM answers "
            "WHERE fingerprint IS NOT NULL AND key IN "
            f"(SELECT key FROM bands WHERE judge = ? AND band IN ({places})) ORDER BY at, key",
            (realm, *map(_signed, bands)),
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
        """Forget answers that are older."""
        before = (_now() - timedelta(days=keep_days)).isoformat()
        with self._writing():
            self._delete("at < ?", (before,))
            self._purge_forgotten()

    def forget(self, items: Collection[str]) -> int:
        """Forget all answers that were given about these items, by whichever judge; how many they were.
        Spending stays."""
        now, gone = _now().isoformat(), 0
        with self._writing():
            self._purge_forgotten()
            for item in items:
                gone += self._delete("item_id = ?", (item,))
                self.connection.execute(
                    "INSERT OR REPLACE INTO forgotten VALUES (?, ?)", (_digest(item), now)
                )
        # The write-ahead log holds pages as they were, until it is cut.
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return gone

    def _delete(self, where: str, values: tuple[str, ...]) -> int:
        self.connection.execute(
            f"DELETE FROM bands WHERE key IN (SELECT key FROM answers WHERE {where})", values
        )
        return self.connection.execute(f"DELETE FROM answers WHERE {where}", values).rowcount

    def _purge_forgotten(self) -> None:
        self.connection.execute("DELETE FROM forgotten WHERE at < ?", ((_now() - IN_FLIGHT).isoformat(),))

    def _is_forgotten(self, item_id: str) -> bool:
        found = self.connection.execute(
            "SELECT 1 FROM forgotten WHERE item = ? AND at >= ?",
            (_digest(item_id), (_now() - IN_FLIGHT).isoformat()),
        )
        return found.fetchone() is not None

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
def open_store(path: Path, keep_days: int | None) -> Iterator[Store]:
    """The store at `path`, made where there is none; answers that are older than `keep_days` are forgotten.

    Raises:
        SignalError: the file cannot be opened, or is no such store.
    """
    try:
        connection = sqlite3.connect(path, timeout=BUSY_S)
        connection.execute("PRAGMA journal_mode = WAL")
        # A crash of the machine may lose the last answers, which can be asked for again; never the file.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA secure_delete = ON")
        connection.executescript(SCHEMA)
    except sqlite3.Error as error:
        raise _unusable(path, error) from error
    try:
        store = Store(connection)
        if keep_days is not None:
            store.purge(keep_days)
        yield store
    finally:
        connection.close()


def forget(path: Path, items: Collection[str]) -> int:
    """Make the store at `path`, if there is one, forget these items; how many answers are gone.

    Raises:
        SignalError: the file cannot be opened, or is no such store. Nothing is forgotten then.
    """
    if not path.is_file():
        return 0
    with open_store(path, None) as store:
        try:
            return store.forget(items)
        except sqlite3.Error as error:
            raise _unusable(path, error) from error


def _digest(item_id: str) -> str:
    return hashlib.sha256(item_id.encode("utf-8", "replace")).hexdigest()


def _unusable(path: Path, error: sqlite3.Error) -> SignalError:
    return SignalError(
        f"the judge's answers cannot be kept here: {error}",
        where=Where(path),
        remedy="Name another file with store = …, in a folder that may be written.",
    )


def _signed(band: int) -> int:
    """SQLite's integers have a sign."""
    return int(struct.unpack("q", struct.pack("Q", band))[0])


def _now() -> datetime:
    return datetime.now(UTC)


def _day() -> str:
    return _now().date().isoformat()

"""Django's backend for SQLite, with a turn taken before each transaction and each statement that writes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import OperationalError
from django.db.backends.sqlite3 import base

from tidegate.server.sqlite.turns import Turns, turns_of

WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE", "CREATE", "ALTER", "DROP")


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection. Transactions write (`transaction_mode` IMMEDIATE), so a turn lasts as long as one."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._turn: Turns | None = None
        self.execute_wrappers.append(self._alone)

    def _start_transaction_under_autocommit(self) -> None:
        self._take()
        try:
            super()._start_transaction_under_autocommit()
        except BaseException:
            self._give()
            raise

    def _commit(self) -> None:
        super()._commit()
        self._give()  # not where it failed: it is rolled back then

    def _rollback(self) -> None:
        try:
            super()._rollback()
        finally:
            self._give()

    def _close(self) -> None:
        try:
            super()._close()
        finally:
            self._give()

    def _alone(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        """Run a statement that writes and is a transaction of its own in a turn."""
        if self._turn is not None or not sql.lstrip().upper().startswith(WRITES):
            return execute(sql, *rest)
        self._take()
        try:
            return execute(sql, *rest)
        finally:
            self._give()

    def _take(self) -> None:
        turns = turns_of(Path(self.settings_dict["NAME"]).resolve())
        if not turns.take(self.settings_dict["OPTIONS"]["timeout"]):
            raise OperationalError("database is locked: others were writing all the while")
        self._turn = turns

    def _give(self) -> None:
        turns, self._turn = self._turn, None
        if turns is not None:
            turns.give()

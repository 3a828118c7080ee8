"""Row policies as an operation of migrations. It acts on PostgreSQL alone; others have no such thing."""

from __future__ import annotations

from typing import Any

from django.db.migrations.operations.base import Operation

from tidegate.server.zones.telling import EVERY, SETTING

_TOLD = f"current_setting('{SETTING}', true)"
IN_SCOPE = f"({_TOLD} = '{EVERY}' or {{zone}} = any (string_to_array({_TOLD}, ',')))"
COMMON_TOO = f"({{zone}} = '' or {IN_SCOPE})"


class HoldRows(Operation):
    """Hold the rows of a table to the scope, for the owner of the table too.

    Args:
        table: its name in the database.
        through: the column that refers to a table that is held itself, and that table; None where the
            table has a column `zone` of its own.
        common: whether rows of no zone in particular are seen, and written, by everybody.
    """

    reversible = True
    reduces_to_sql = True

    def __init__(self, table: str, through: tuple[str, str] | None = None, *, common: bool = False) -> None:
        self.table, self.through, self.common = table, through, common

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [self.table, self.through], {"common": self.common}

    def state_forwards(self, app_label: str, state: Any) -> None:
        pass

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor != "postgresql":
            return
        rule = self._rule()
        for statement in (
            f'ALTER TABLE "{self.table}" ENABLE ROW LEVEL SECURITY',
            f'ALTER TABLE "{self.table}" FORCE ROW LEVEL SECURITY',
            f'CREATE POLICY zones ON "{self.table}" USING {rule} WITH CHECK {rule}',
        ):
            schema_editor.execute(statement)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor != "postgresql":
            return
        for statement in (
            f'DROP POLICY zones ON "{self.table}"',
            f'ALTER TABLE "{self.table}" NO FORCE ROW LEVEL SECURITY',
            f'ALTER TABLE "{self.table}" DISABLE ROW LEVEL SECURITY',
        ):
            schema_editor.execute(statement)

    def describe(self) -> str:
        return f"Hold the rows of {self.table} to the zones of whoever asks"

    def _rule(self) -> str:
        if self.through is None:
            return (COMMON_TOO if self.common else IN_SCOPE).format(zone="zone")
        column, other = self.through
        # The other table is held as well, so that a row that is not seen there is not found here.
        found = f'exists (select 1 from "{other}" where "{other}".id = "{self.table}"."{column}")'
        return f"({_TOLD} = '{EVERY}' or {found})"

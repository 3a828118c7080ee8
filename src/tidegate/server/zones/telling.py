"""The second lock, on PostgreSQL: the scope goes to the database with every statement, in the same message.

`set_config(…, true)` is SET LOCAL: it ends with the transaction. Sent with each statement it needs no memory
of what was sent before, which savepoints that roll back and poolers that share connections would make wrong.
It costs no round trip, as both leave together; PostgreSQL runs statements of one message in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction

from tidegate.server.zones.scope import Scope, known

SETTING = "tidegate.zones"
EVERY = "*"
"""What is told for a scope of all zones; no zone has this name."""

_TOLD = ("select", "insert", "update", "delete", "merge", "with", "explain", "table", "values", "(")
"""How statements begin that read or write rows. Others, such as SAVEPOINT, touch none."""

Execute = Callable[[Any, Any, bool, dict[str, Any]], Any]


def tell_the_scope(*, connection: Any, **_: Any) -> None:
    """Let a new connection tell the scope; to PostgreSQL only, since others have no policies."""
    if connection.vendor == "postgresql" and _tell not in connection.execute_wrappers:
        connection.execute_wrappers.append(_tell)


def _tell(execute: Execute, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    if not isinstance(sql, str) or not sql[:200].lstrip().lower().startswith(_TOLD):
        return execute(sql, params, many, context)
    setting = f"SELECT set_config('{SETTING}', '{_written(known())}', true)"
    cursor, connection = context["cursor"], context["connection"]
    if many or getattr(cursor.cursor, "name", None):
        # Neither goes in one message with another statement: in one transaction, then.
        with transaction.atomic(connection.alias):
            with connection.connection.cursor() as own:
                own.execute(setting)
            return execute(sql, params, many, context)
    result = execute(f"{setting}; {sql}", params, many, context)
    cursor.nextset()
    return result


def _written(scope: Scope | None) -> str:
    """Names of zones hold neither commas nor quotes: `checked_zone` sees to it, and so does this."""
    if scope is None:
        return ""
    if scope.zones is None:
        return EVERY
    return ",".join(zone for zone in sorted(scope.zones) if zone.replace("-", "").replace("_", "").isalnum())

"""Django, set up for a workspace: what every command of the service begins with."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tidegate.errors import RunError
from tidegate.runs.workspace import load_workspace

TRIES = 200
"""How often a migration is begun that meets those who serve meanwhile."""
FIRST_WAIT_MS, LONGER_BY_MS, LONGEST_WAIT_MS = 200, 20, 800
"""For a lock: all less than the second after which PostgreSQL looks for deadlocks."""
GAVE_WAY = {"55P03", "40P01", "25P02"}
"""What PostgreSQL calls a lock that did not come in time, a deadlock, and the statement after one."""


def boot(workspace: Path, *, migrate: bool = True) -> None:
    """Set Django up for this process, and bring the database to the newest schema.

    Raises:
        WorkspaceError: the folder is no workspace, or its file is not whole.
        RunError: the extra `server` is not installed, a variable of the environment is wrong, or the
            database cannot be reached.
    """
    load_workspace(workspace)
    os.environ["TIDEGATE_WORKSPACE"] = str(workspace.resolve())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tidegate.server.settings")
    try:
        import django
    except ImportError as error:
        raise RunError(
            "the service is not installed", remedy="Install it: pip install 'tidegate[server]'."
        ) from error
    django.setup()
    _for_the_operator()
    if migrate:
        _migrate()


def _for_the_operator() -> None:
    """Commands are run on the machine by whoever may read the database anyway, and act for all zones."""
    from tidegate.server.zones.scope import EVERYWHERE, of_process

    of_process(EVERYWHERE)


def _migrate() -> None:
    from django.core.management import call_command
    from django.db import connections
    from django.db.migrations.executor import MigrationExecutor
    from django.db.utils import InternalError, OperationalError

    for attempt in range(TRIES):
        try:
            executor = MigrationExecutor(connections["default"])
            # The command does much where there is nothing to do, and every command of ours would wait for it.
            if executor.migration_plan(executor.loader.graph.leaf_nodes()):
                with _giving_way(min(FIRST_WAIT_MS + attempt * LONGER_BY_MS, LONGEST_WAIT_MS)):
                    call_command("migrate", verbosity=0, interactive=False)
            return
        except (OperationalError, InternalError) as error:
            # A migration is whole or undone.
            if getattr(error.__cause__, "sqlstate", None) in GAVE_WAY and attempt < TRIES - 1:
                connections["default"].close()
                del connections["default"]  # what it believes of its transaction is not so any more
                continue
            raise RunError(
                f"the database cannot be used: {str(error).strip()}",
                remedy="Check DATABASE_URL, and that the database runs and lets you in.",
            ) from error


@contextmanager
def _giving_way(wait_ms: int) -> Iterator[None]:
    """On PostgreSQL, wait no longer than this for a lock.

    Processes that serve meanwhile lock in an order of their own. PostgreSQL ends a deadlock after a second by
    ending one of the two, which may be theirs; so we give way before.
    """
    from django.db import connection

    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {wait_ms}")
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET lock_timeout")

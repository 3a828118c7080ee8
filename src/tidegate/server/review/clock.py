"""The time that leases, caps and windows go by: the database's, on which all machines agree."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import connection


def now() -> datetime:
    """The database's time at this statement."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("select clock_timestamp()")
            found: datetime = cursor.fetchone()[0]
        return found
    return datetime.now(UTC)  # the database is this machine

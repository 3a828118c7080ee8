"""The time that leases, caps and windows go by: the database's, on which all machines agree."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from tidegate.server import clock


def now() -> datetime:
    """The database's time at this statement."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("select clock_timestamp()")
            found: datetime = cursor.fetchone()[0]
        return found
    return clock.now()  # the database is this machine

"""What SQLite's planner is told: that a zone narrows nothing.

Without statistics it takes any comparison with the first column of an index for a narrow one, and read all
items of a zone to find the versions of four of them. Statistics of its own (ANALYZE) grow old as soon as the
tables grow, and mislead the more; so it is told what holds wherever plans matter, as
https://www.sqlite.org/optoverview.html#manctrl has it.
"""

from __future__ import annotations

from typing import Any

from django.db import connections

ITEMS = "content_item"
"""By whose zone the rows of other tables are held within a scope, with a join."""
MANY, FEW = 1_000_000, 10


def tell_planner(*, using: str, **_: Any) -> None:
    """Write SQLite's statistics of the indexes of items that begin with the zone; elsewhere, do nothing.

    Called after migrations, since a table that one of them makes anew has no statistics.
    """
    connection = connections[using]
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE sqlite_master")  # of nothing; it makes the table of statistics
        cursor.execute("DELETE FROM sqlite_stat1 WHERE tbl = %s", [ITEMS])
        cursor.execute(f"PRAGMA index_list({ITEMS})")
        for name in [row[1] for row in cursor.fetchall()]:
            cursor.execute(f'PRAGMA index_info("{name}")')
            first, *more = [row[2] for row in cursor.fetchall()]
            if first == "zone" and more:
                # Rows, and those that are alike in the first column, in the first two, and so on.
                numbers = [MANY, MANY, *[FEW] * (len(more) - 1), 1]
                cursor.execute(
                    "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (%s, %s, %s)",
                    [ITEMS, name, " ".join(map(str, numbers))],
                )
        cursor.execute("ANALYZE sqlite_master")  # read what was written

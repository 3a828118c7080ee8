"""On SQLite what belongs to some items is found by them, and never by way of all items of a zone."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.mark.parametrize(
    "name", ["content.ItemVersion", "content.Decision", "content.Pending", "delivery.Delivery"]
)
def test_rows_of_some_items_are_found_by_the_items(inside: Path, name: str) -> None:
    from django.apps import apps
    from django.db import connection

    from tidegate.server.zones.scope import within_zones

    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL counts for itself")
    with within_zones({"us"}):
        plan = apps.get_model(name).objects.filter(item__in=[1, 2, 3, 4]).values_list("pk").explain()
    assert "SEARCH content_item USING INTEGER PRIMARY KEY" in plan
    assert "zone=?" not in plan


def test_the_few_tasks_that_are_reserved_are_found_without_the_others(inside: Path) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from tidegate.server.people.models import User
    from tidegate.server.review.reserving import queues_with_reserved
    from tidegate.server.zones.scope import within_zones

    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL counts for itself")
    with within_zones({"us"}), CaptureQueriesContext(connection) as asked:
        queues_with_reserved(User(pk=1))
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {asked[0]['sql']}")
        (step,) = cursor.fetchall()
    assert "task_reserved" in step[-1]

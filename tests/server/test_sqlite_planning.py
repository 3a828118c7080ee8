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

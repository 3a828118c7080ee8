"""Rows that are stored many at a time lie in the database as Django's own way would have laid them there."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def undone(inside: Path) -> Iterator[None]:
    """In the scope of all zones; what is stored is undone, since others count what is there."""
    from django.db import transaction

    from tidegate.server.zones.scope import EVERYWHERE, within

    with within(EVERYWHERE), transaction.atomic():
        yield
        transaction.set_rollback(True)


WHEN = datetime(2026, 11, 30, 12, 0, 0, 123_400, UTC)
ODD = 'it\'s "a" \\ %s {} ’ 茶 🌊\n\t'


def item(name: str, **values: Any) -> Any:
    from tidegate.server.content.models import Item

    return Item(zone="us", external_id=name, version=1, digest="d" * 64, first_at=WHEN, **values)


def raw(model: Any, key: Any) -> list[Any]:
    """A row as it lies in the database, but for its number."""
    from django.db import connection

    names = [field.column for field in model._meta.concrete_fields if not field.primary_key]
    with connection.cursor() as cursor:
        columns = ", ".join(f'"{name}"' for name in names)
        cursor.execute(f'SELECT {columns} FROM "{model._meta.db_table}" WHERE id = %s', [key])
        return [bytes(one) if isinstance(one, memoryview) else one for one in cursor.fetchone()]


@pytest.mark.parametrize(
    "when", [WHEN, WHEN.replace(microsecond=0), WHEN.astimezone(timezone(timedelta(hours=8)))]
)
def test_a_row_lies_there_as_django_lays_it(when: datetime) -> None:
    from tidegate.server import rows
    from tidegate.server.content.models import ItemVersion
    from tidegate.server.review.models import Kind, Task

    of = item("whose")
    of.save()
    contents = {"kind": "text", "text": ODD, "context": "{}", "received_at": when, "salt": bytes(range(16))}
    asked = {"zone": "us", "item_version": 1, "kind": Kind.AUDIT, "queue": "q", "right": "review"}
    asked |= {"question": uuid.uuid4(), "severity": 3, "rank": 0.1 + 0.2, "created_at": when, "due_at": when}
    handle = uuid.uuid4()
    for model, values in (
        (ItemVersion, {"number": 1, **contents}),
        (Task, {"handle": handle, **asked}),
    ):
        theirs = model.objects.create(item=of, **values)
        expected = raw(model, theirs.pk)
        theirs.delete()
        ours = model(item=of, **values)
        rows.store([ours])
        assert raw(model, ours.pk) == expected
        found = model.objects.get(pk=ours.pk)
        assert all(getattr(found, name) == value for name, value in values.items())


def test_numbers_are_given_in_the_order_of_the_rows_however_many() -> None:
    from tidegate.server import rows
    from tidegate.server.content.models import Item

    many = [item(f"row-{number}", views=number) for number in range(5_000)]
    rows.store(many)
    stored = dict(Item.objects.filter(external_id__startswith="row-").values_list("pk", "views"))
    assert stored == {one.pk: one.views for one in many}
    assert [one.pk for one in many] == sorted(one.pk for one in many)
    rows.store([])


def test_what_must_be_once_is_refused_as_ever() -> None:
    from django.db import IntegrityError, transaction

    from tidegate.server import rows

    with pytest.raises(IntegrityError), transaction.atomic():
        rows.store([item("twice"), item("twice")])


def test_text_that_is_too_long_is_refused_and_not_cut(inside: Path) -> None:
    from django.db import DataError, connection, transaction

    from tidegate.server import rows

    if connection.vendor != "postgresql":
        pytest.skip("SQLite knows no lengths")
    with pytest.raises(DataError), transaction.atomic():
        rows.store([item("x" * 513)])

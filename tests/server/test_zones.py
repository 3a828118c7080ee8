"""What is in a zone exists only for whoever may see it: held in every query, on PostgreSQL in every row."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("inside")

GLOBAL = {
    "StrategyVersion",
    "Activation",
    "Proposal",
    "PolicyText",
    "AuditStream",
    "Head",
    "Daily",
    "Allowance",
    "Clearance",
    "Reader",
    "Skill",
    "Keymap",
}
"""Models that are of no zone, or say of people which zones they may see."""


@pytest.fixture
def models(inside: Path) -> list[Any]:
    from tidegate.server.zones.managers import scoped_models

    return scoped_models()


def zones_in(model: Any) -> set[str]:
    return set(model.objects.values_list(getattr(model, "zone_by", "zone"), flat=True))


def test_every_model_with_a_way_to_a_zone_is_scoped(models: list[Any]) -> None:
    """A model that is added and forgotten fails here."""
    from django.apps import apps

    for model in apps.get_models():
        if model.__name__ in GLOBAL or not model.__module__.startswith("tidegate."):
            continue
        leads = {field.name for field in model._meta.fields if field.related_model in models}
        has_zone = any(field.name == "zone" for field in model._meta.fields)
        assert not (leads or has_zone) or model in models, f"{model.__name__} needs `objects = Scoped()`"
        for manager in model._meta.managers:
            assert model not in models or type(manager).__name__ == "Scoped"


def test_outside_of_a_scope_nothing_can_be_asked(models: list[Any]) -> None:
    from tidegate.server.zones.scope import UnscopedError

    for model in models:
        with pytest.raises(UnscopedError):
            model.objects.all()


def test_a_scope_shows_its_zones_and_no_others(models: list[Any]) -> None:
    from tidegate.server.zones.scope import EVERYWHERE, NOWHERE, within, within_zones

    for model in models:
        common = {""} if getattr(model, "zone_common", False) else set()
        with within(EVERYWHERE):
            everything = zones_in(model)
        assert everything >= {"us", "eu"}, model
        with within_zones(["us"]):
            assert zones_in(model) == {"us"} | common
            with within_zones(["eu"]):
                assert zones_in(model) == {"eu"} | common
            assert zones_in(model) == {"us"} | common
        with within(NOWHERE):
            assert zones_in(model) == common


def test_related_rows_counts_updates_and_deletions_are_held_too(inside: Path) -> None:
    from tidegate.server.content.models import Decision, Item, ItemVersion
    from tidegate.server.delivery.models import Delivery
    from tidegate.server.events.models import Event
    from tidegate.server.zones.scope import EVERYWHERE, within, within_zones

    with within(EVERYWHERE):
        foreign = Item.objects.get(zone="eu", external_id="post-1")
        assert min(foreign.versions.count(), foreign.decisions.count()) > 0
    with within_zones(["us"]):
        assert foreign.versions.count() == foreign.decisions.count() == foreign.events.count() == 0
        assert Item.objects.filter(external_id__startswith="post").count() == 2
        assert not Item.objects.filter(pk=foreign.pk).update(views=7)
        assert not Decision.objects.filter(item__external_id="only-eu").update(action="remove")
        assert not Delivery.objects.filter(item=foreign).exists()
        assert Event.objects.filter(zone="eu").delete()[0] == 0
        assert not ItemVersion.objects.filter(text__contains="secret of eu").exists()
    with within(EVERYWHERE):
        foreign.refresh_from_db()
        assert foreign.views is None
        assert foreign.events.count() == 2


def test_a_thread_has_no_scope_of_its_own(inside: Path) -> None:
    from tidegate.server.content.models import Item
    from tidegate.server.zones.scope import UnscopedError, within_zones

    found: list[object] = []

    def look() -> None:
        try:
            Item.objects.all()
        except UnscopedError as error:
            found.append(error)

    with within_zones(["us"]):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert len(found) == 1


def test_what_is_streamed_is_made_in_the_scope_of_its_request(inside: Path) -> None:
    from django.http import StreamingHttpResponse
    from django.test import RequestFactory

    from tidegate.server.content.models import Item
    from tidegate.server.zones.middleware import begin_nowhere
    from tidegate.server.zones.scope import known, widen_to

    def lines() -> Iterator[bytes]:
        for item in Item.objects.order_by("external_id").iterator(chunk_size=1):
            yield item.external_id.encode()

    def view(_: object) -> StreamingHttpResponse:
        widen_to(["us"])
        return StreamingHttpResponse(lines())

    response = begin_nowhere(view)(RequestFactory().get("/"))
    assert known() is None
    assert list(response) == [b"held-us", b"only-us", b"pending-us", b"post-1", b"post-2"]  # type: ignore[call-overload]


# The second lock.


@pytest.fixture
def cursor(inside: Path) -> Iterator[Any]:
    from django.db import connection

    if connection.vendor != "postgresql":
        pytest.skip("row-level security is PostgreSQL's")
    with connection.cursor() as found:
        yield found


def test_sql_that_forgets_the_zone_sees_only_the_scope(cursor: Any, models: list[Any]) -> None:
    from tidegate.server.zones.scope import NOWHERE, within, within_zones

    for model in models:
        table = model._meta.db_table
        common = "where zone <> ''" if getattr(model, "zone_common", False) else ""
        count = f"select count(*) from {table} {common}"
        with within_zones(["us"]):
            cursor.execute(count)
            assert (
                cursor.fetchone()[0] == model.objects.exclude(**({"zone": ""} if common else {})).count() > 0
            )
        for scope in (within(NOWHERE), within_zones(["nowhere"])):
            with scope:
                cursor.execute(count)
                assert cursor.fetchone()[0] == 0, table
        cursor.execute(count)  # in no scope at all
        assert cursor.fetchone()[0] == 0, table


def test_every_scoped_table_has_the_policy_and_holds_its_owner(cursor: Any, models: list[Any]) -> None:
    cursor.execute(
        "select relname from pg_class join pg_policy on polrelid = pg_class.oid"
        " where polname = 'zones' and relrowsecurity and relforcerowsecurity"
    )
    assert {name for (name,) in cursor.fetchall()} == {model._meta.db_table for model in models}
    cursor.execute("select rolsuper, rolbypassrls from pg_roles where rolname = current_user")
    assert cursor.fetchone() == (False, False)


def test_nothing_can_be_written_into_another_zone(cursor: Any) -> None:
    from django.db import ProgrammingError, transaction

    from tidegate.server.content.models import Item
    from tidegate.server.zones.scope import EVERYWHERE, within, within_zones

    with within(EVERYWHERE):
        item = Item.objects.get(zone="us", external_id="only-us")
    with within_zones(["us"]):
        for write in (
            lambda: cursor.execute("update content_item set zone = 'eu' where id = %s", [item.pk]),
            lambda: cursor.execute(
                "insert into content_item (zone, external_id, version, digest, reports, first_at)"
                " values ('eu', 'smuggled', 1, '', 0, now())"
            ),
        ):
            with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
                write()
        cursor.execute("update content_item set views = 1 where zone = 'eu'")
        assert cursor.rowcount == 0


def test_the_scope_holds_through_savepoints_cursors_and_many_statements(cursor: Any) -> None:
    from django.db import connection, transaction

    from tidegate.server.content.models import Item
    from tidegate.server.zones.scope import within_zones

    count = "select count(*) from content_item"
    with within_zones(["us"]), transaction.atomic():
        with transaction.atomic():
            cursor.execute(count)
            transaction.set_rollback(True)
        cursor.execute(count)
        assert cursor.fetchone()[0] == 5
        with within_zones(["eu", "us"]):
            cursor.execute(count)
            assert cursor.fetchone()[0] == 10
        cursor.execute(count)
        assert cursor.fetchone()[0] == 5
    with within_zones(["us"]):
        with connection.chunked_cursor() as chunked:
            chunked.execute("select external_id from content_item order by 1")
            assert len(chunked.fetchall()) == 5
        cursor.executemany(
            "update content_item set views = %s where external_id = %s", [(3, "only-us"), (3, "only-eu")]
        )
        assert Item.objects.filter(views=3).count() == 1
    with within_zones(["eu"]):
        assert Item.objects.filter(views=3).count() == 0


def test_a_name_that_is_none_reaches_no_statement(cursor: Any) -> None:
    from tidegate.server.zones.scope import within_zones

    with within_zones(["us', true); drop table content_item; --", "*", "us,eu"]):
        cursor.execute("select current_setting('tidegate.zones', true), count(*) from content_item")
        assert cursor.fetchone() == ("", 0)

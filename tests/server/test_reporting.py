"""The reporting views: the columns of the exports, and for a role of analysts its zones and nothing else."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from tests.server.conftest import database

from tidegate.server.reporting.views import VIEWS


@pytest.fixture(scope="module")
def zones(service: Any) -> list[str]:
    """Two zones with an item each, and a report on it."""
    found = []
    for _ in range(2):
        zone = f"z{uuid.uuid4().hex[:8]}"
        key = service.command("key", f"feed-{zone}", "--zone", zone, "--scope", "items", "--scope", "events")
        with service.client(key.stdout.strip()) as client:
            client.post("/items", json={"id": f"post-{zone}", "text": "Tea."}).raise_for_status()
            event = {"id": "r", "item_id": f"post-{zone}", "type": "report", "by": "fan", "reason": "rude"}
            client.post("/events", json=event).raise_for_status()
        found.append(zone)
    return found


def test_the_views_have_the_columns_of_the_exports_and_the_zone(django_workspace: Path) -> None:
    from tidegate.server.exports.tables import SOURCES

    assert {name: ("zone", *source.table.names) for name, source in SOURCES.items()} == {
        name: tuple(columns) for name, (_, columns) in VIEWS.items()
    }


def test_on_sqlite_they_hold_what_is_there(service: Any, zones: list[str]) -> None:
    if "DATABASE_URL" in service.environment:
        pytest.skip("of SQLite")
    with closing(sqlite3.connect(service.workspace / "tidegate.db")) as db:
        for name, (_, columns) in VIEWS.items():
            rows = db.execute(f"select * from reporting_{name} where zone = ?", [zones[0]])
            assert [column[0] for column in rows.description] == list(columns)
            assert len(rows.fetchall()) == 1
    refused = service.command("analyst", "ana", "--zone", "us")
    assert refused.returncode == 2
    assert "need PostgreSQL" in refused.stderr


@pytest.fixture
def analyst(service: Any, zones: list[str]) -> Iterator[tuple[str, psycopg.Connection[Any]]]:
    """A role that reads the first zone, and a connection of its own."""
    if "DATABASE_URL" not in service.environment:
        pytest.skip("of PostgreSQL")
    name = f"ana_{uuid.uuid4().hex[:8]}"
    made = service.command("analyst", name, "--zone", zones[0])
    assert made.returncode == 0, made.stderr
    url = urlsplit(service.environment["DATABASE_URL"])
    place = url.netloc.rpartition("@")[2]
    own = urlunsplit(url._replace(netloc=f"{name}:{made.stdout.strip()}@{place}"))
    with psycopg.connect(own, autocommit=True) as connection:
        yield name, connection
    assert service.command("analyst", name, "--remove").returncode == 0


@pytest.mark.parametrize("view", VIEWS)
def test_a_role_sees_its_zones_alone_whatever_it_sets(
    zones: list[str], analyst: tuple[str, psycopg.Connection[Any]], view: str
) -> None:
    _, connection = analyst
    for setting in (None, "*", zones[1], ""):
        if setting is not None:
            connection.execute("select set_config('tidegate.zones', %s, false)", [setting])
        seen = connection.execute(f"select zone, count(*) from reporting.{view} group by 1").fetchall()
        assert set(seen) <= {(zones[0], 1)}
    connection.execute("reset tidegate.zones")
    assert connection.execute(f"select zone from reporting.{view}").fetchall() == [(zones[0],)]


def test_a_role_reaches_nothing_else(zones: list[str], analyst: tuple[str, psycopg.Connection[Any]]) -> None:
    name, connection = analyst
    connection.execute("set default_transaction_read_only = off")
    for statement in (
        "select * from content_item",
        "select * from people_user",
        "select * from reporting_reader",
        "select * from ledger_entry",
        f"insert into reporting_reader (role, zone) values ('{name}', '{zones[1]}')",
        "update reporting.items set text = 'x'",
        "delete from reporting.events",
        "create table reporting.mine (x int)",
        "set role postgres",
        f'alter role "{name}" superuser',
    ):
        with pytest.raises(psycopg.Error):
            connection.execute(statement)


def test_zones_are_given_and_taken(
    service: Any, zones: list[str], analyst: tuple[str, psycopg.Connection[Any]]
) -> None:
    name, connection = analyst
    asked = "select distinct zone from reporting.items order by 1"
    changed = service.command("analyst", name, "--zone", zones[1])
    assert changed.stdout == f"analyst {name}: reads {zones[1]}\n"
    assert connection.execute(asked).fetchall() == [(zones[1],)]
    service.command("analyst", name, "--zone", zones[0], "--zone", zones[1])
    assert connection.execute(asked).fetchall() == [(zone,) for zone in sorted(zones)]
    assert service.command("analyst", "postgres", "--zone", "us").returncode == 2
    assert service.command("analyst", "Robert'); --", "--zone", "us").returncode == 2
    assert service.command("analyst", name).returncode == 2


@pytest.mark.slow
def test_an_owner_who_is_no_superuser_makes_roles_and_takes_them_away(
    tidegate: Any, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with database("postgresql", tmp_path_factory) as superuser:
        assert superuser is not None
        with psycopg.connect(superuser, autocommit=True) as connection:
            connection.execute("create role keeper login password 'kept'")
            connection.execute("create database kept owner keeper")
            url = urlsplit(superuser)
            place = url.netloc.rpartition("@")[2]
            owner = urlunsplit(url._replace(netloc=f"keeper:kept@{place}", path="/kept"))
            environment = os.environ | {"DATABASE_URL": owner}
            tidegate("init", "site", cwd=tmp_path, environment=environment)

            def analyst(*arguments: str) -> subprocess.CompletedProcess[str]:
                done = tidegate("analyst", "ana", *arguments, cwd=tmp_path / "site", environment=environment)
                assert "Traceback" not in done.stderr
                return done

            for right in (
                "alter role keeper createrole",
                "grant set on parameter tidegate.zones to keeper",
            ):
                refused = analyst("--zone", "us")
                assert refused.returncode == 2
                assert "the database does not let keeper do this: permission denied" in refused.stderr
                assert right.replace("keeper", "OWNER") in refused.stderr
                connection.execute(right)
        made = analyst("--zone", "us")
        assert made.returncode == 0, made.stderr
        own = urlunsplit(url._replace(netloc=f"ana:{made.stdout.strip()}@{place}", path="/kept"))
        with psycopg.connect(own) as hers:
            assert hers.execute("select count(*) from reporting.items").fetchone() == (0,)
        gone = analyst("--remove")
        assert gone.returncode == 0, gone.stderr
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(own)

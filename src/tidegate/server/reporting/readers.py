"""Roles of PostgreSQL for analysts: they read the views, of their zones, and nothing else."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection

from django.db import connection, transaction

from tidegate.errors import RunError, Where
from tidegate.server.ledger.actions import Act, append
from tidegate.server.reporting.models import Reader
from tidegate.server.zones.scope import SITE, checked_zone

NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
LONGEST = "10min"
"""After so long a query of an analyst is ended."""


def set_reader(name: str, zones: Collection[str], *, actor: str) -> str | None:
    """Let a role read these zones, and no others. Returns its password where it is new.

    To be called by a role of the database that may make roles, such as its owner.

    Raises:
        RunError: this is no PostgreSQL, or the name or a zone is none.
    """
    _check(name)
    for zone in zones:
        checked_zone(zone)
    password = None
    with transaction.atomic(), connection.cursor() as cursor:
        if not Reader.objects.filter(role=name).exists():
            password = secrets.token_urlsafe(24)
            _make(cursor, name, password)
        Reader.objects.filter(role=name).delete()
        Reader.objects.bulk_create(Reader(role=name, zone=zone) for zone in sorted(set(zones)))
        append([Act(actor, "reader.set", SITE, f"reader:{name}", {"zones": sorted(set(zones))})])
    return password


def remove_reader(name: str, *, actor: str) -> None:
    """Take a role away.

    Raises:
        RunError: there is none that was made here.
    """
    _check(name)
    with transaction.atomic(), connection.cursor() as cursor:
        if not Reader.objects.filter(role=name).delete()[0]:
            raise RunError(f"there is no reader '{name}'", where=Where(field="name"))
        cursor.execute(f'drop owned by "{name}"')
        cursor.execute(f'drop role "{name}"')
        append([Act(actor, "reader.removed", SITE, f"reader:{name}")])


def _make(cursor: object, name: str, password: str) -> None:
    execute = cursor.execute  # type: ignore[attr-defined]
    execute("select 1 from pg_roles where rolname = %s", [name])
    if cursor.fetchone():  # type: ignore[attr-defined]
        raise RunError(
            f"the database has a role '{name}' already, which was not made here",
            where=Where(field="name"),
            remedy="Choose another name.",
        )
    # The password is of our own making: letters, digits, - and _.
    execute(f"create role \"{name}\" login nosuperuser nobypassrls noinherit password '{password}'")
    execute(f'alter role "{name}" set default_transaction_read_only = on')
    execute(f"alter role \"{name}\" set statement_timeout = '{LONGEST}'")
    # The rows that the views choose from: whoever reads them has no right on the tables themselves.
    execute(f"alter role \"{name}\" set tidegate.zones = '*'")
    execute(f'grant usage on schema reporting to "{name}"')
    execute(f'grant select on all tables in schema reporting to "{name}"')


def _check(name: str) -> None:
    if connection.vendor != "postgresql":
        raise RunError(
            "roles of analysts need PostgreSQL",
            remedy="On SQLite whoever may read the file reads all; its views are called reporting_….",
        )
    if not NAME.fullmatch(name):
        raise RunError(
            f"'{name}' is no name of a role", where=Where(field="name"), remedy="Take a–z, 0–9 and _."
        )

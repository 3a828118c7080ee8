"""Roles of PostgreSQL for analysts: they read the views, of their zones, and nothing else."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from django.db import ProgrammingError, connection, transaction

from tidegate.errors import RunError, Where
from tidegate.server.ledger.actions import Act, append
from tidegate.server.reporting.models import Reader
from tidegate.server.zones.scope import SITE, checked_zone

NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
FORBIDDEN = "42501"
"""What PostgreSQL calls that a role has not the right."""

LONGEST = "10min"
"""After so long a query of an analyst is ended."""


def set_reader(name: str, zones: Collection[str], *, actor: str) -> str | None:
    """Let a role read these zones, and no others. Returns its password where it is new.

    To be called by a role of the database that may make roles and set `tidegate.zones` for them.

    Raises:
        RunError: this is no PostgreSQL, the name or a zone is none, or the role that asks may not do it.
    """
    _check(name)
    for zone in zones:
        checked_zone(zone)
    password = None
    with _allowed(), transaction.atomic(), connection.cursor() as cursor:
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
    with _allowed(), transaction.atomic(), connection.cursor() as cursor:
        if not Reader.objects.filter(role=name).delete()[0]:
            raise RunError(
                f"there is no reader '{name}'",
                where=Where(field="name"),
                remedy="`tidegate analyst NAME --zone us` makes one.",
            )
        # Not `drop owned by`, which asks for the rights of the role itself: it owns nothing.
        cursor.execute(f'revoke all on all tables in schema reporting from "{name}"')
        cursor.execute(f'revoke all on schema reporting from "{name}"')
        cursor.execute(f'drop role "{name}"')
        append([Act(actor, "reader.removed", SITE, f"reader:{name}")])


@contextmanager
def _allowed() -> Iterator[None]:
    try:
        yield
    except ProgrammingError as error:
        if getattr(error.__cause__, "sqlstate", None) != FORBIDDEN:
            raise
        who = connection.settings_dict["USER"] or "the role of DATABASE_URL"
        raise RunError(
            f"the database does not let {who} do this: {str(error).strip()}",
            remedy="As the owner of the tables, with two rights that a superuser gives it once: "
            "alter role OWNER createrole; grant set on parameter tidegate.zones to OWNER",
        ) from error


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

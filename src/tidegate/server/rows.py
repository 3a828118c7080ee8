"""Storing many rows in one statement, for those that every batch of items stores.

Django's own way asks every field of every row how it is to be written, which took longer than the database
did. Here rows go to PostgreSQL as one JSON document and to SQLite as they are; so it is for plain fields
only: numbers, text, times, flags, bytes and UUIDs, and references to rows that have such keys.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from operator import attrgetter
from typing import Any
from uuid import UUID

import orjson
from django.db import connection, models

MOST_VALUES = 32_000
"""Of one statement on SQLite, whose default is 32,766."""

Row = Mapping[str, Any]


def store(objects: Sequence[models.Model]) -> None:
    """Store new objects of one model, and give them their numbers."""
    if not objects:
        return
    names, key = columns(type(objects[0])), type(objects[0])._meta.pk.attname
    read = attrgetter(*names)
    numbers = insert(type(objects[0]), [dict(zip(names, read(one), strict=True)) for one in objects])
    for one, number in zip(objects, numbers, strict=True):
        setattr(one, key, number)
        one._state.adding, one._state.db = False, connection.alias


def insert(model: type[models.Model], rows: Sequence[Row]) -> list[Any]:
    """Store new rows, whose values are by column, and return their primary keys in the same order.

    All of a model's `columns` must be there. Call within a transaction: many rows may be several statements.
    """
    if connection.vendor == "postgresql":
        return _in_one_document(model, rows) if rows else []
    at_once = MOST_VALUES // len(columns(model))
    parts = (rows[start : start + at_once] for start in range(0, len(rows), at_once))
    return [key for part in parts for key in _as_values(model, part)]


@cache
def columns(model: type[models.Model]) -> tuple[str, ...]:
    """The columns of a model that its rows bring along: all but a number that the database gives."""
    return tuple(field.attname for field in _fields(model))


def _fields(model: type[models.Model]) -> Iterator[Any]:
    return (field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField))


def _in_one_document(model: type[models.Model], rows: Sequence[Row]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(_from_document(model), [orjson.dumps(rows, default=_hexadecimal).decode()])
        return [key for (key,) in cursor.fetchall()]


@cache
def _from_document(model: type[models.Model]) -> str:
    # Types without their lengths: a text that is too long is then refused by the table, not cut to fit.
    types = ", ".join(f'"{one.column}" {one.db_type(connection).split("(")[0]}' for one in _fields(model))
    return f"{_insert_into(model)} SELECT * FROM json_to_recordset(%s) AS given ({types}) {_returning(model)}"


def _hexadecimal(value: Any) -> str:
    if isinstance(value, bytes):
        return rf"\x{value.hex()}"  # how PostgreSQL reads bytes
    raise TypeError(f"{type(value).__name__} is no plain value")


def _as_values(model: type[models.Model], rows: Sequence[Row]) -> list[Any]:
    names = columns(model)
    row = f"({', '.join(['%s'] * len(names))})"
    values = [_for_sqlite(row[name]) for row in rows for name in names]
    with connection.cursor() as cursor:
        sql = f"{_insert_into(model)} VALUES {', '.join([row] * len(rows))} {_returning(model)}"
        cursor.execute(sql, values)
        return [key for (key,) in cursor.fetchall()]


def _for_sqlite(value: Any) -> Any:
    """As Django stores it there."""
    if isinstance(value, datetime):
        return str(value.astimezone(UTC).replace(tzinfo=None))
    return value.hex if isinstance(value, UUID) else value


def _insert_into(model: type[models.Model]) -> str:
    names = ", ".join(f'"{field.column}"' for field in _fields(model))
    return f'INSERT INTO "{model._meta.db_table}" ({names})'


def _returning(model: type[models.Model]) -> str:
    return f'RETURNING "{model._meta.pk.column}"'

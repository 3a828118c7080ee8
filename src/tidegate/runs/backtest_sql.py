"""Names and values as they are written in DuckDB's SQL."""

from __future__ import annotations

from collections.abc import Mapping


def identifier(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def literal(value: str | int) -> str:
    if isinstance(value, int):
        return str(value)
    escaped = value.replace("'", "''")
    return f"'{escaped}'"


def lookup(column: str, values: Mapping[str, str] | Mapping[int, str]) -> str:
    """A CASE that gives for each key its value, and NULL for any other."""
    whens = " ".join(f"WHEN {literal(key)} THEN {literal(value)}" for key, value in values.items())
    return f"CASE {column} {whens} END" if whens else "CAST(NULL AS VARCHAR)"

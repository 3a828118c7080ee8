"""The ledger shows tampering: any change to any row, and any row taken away."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.server.ledger.chain import FIRST, Row, first_break

Command = Callable[..., subprocess.CompletedProcess[str]]
FIELDS = ("at", "actor", "act", "zone", "subject", "details", "evidence")


def chained(rows: int) -> list[tuple[Row, str]]:
    out, before = [], FIRST
    for number in range(1, rows + 1):
        row = Row(
            number,
            f"2026-03-02T09:00:{number:02}",
            "key:feed",
            "item.decided",
            "us",
            f"item:{number}",
            "{}",
            "",
        )
        before = row.digest(before)
        out.append((row, before))
    return out


def test_a_whole_chain_holds() -> None:
    rows = chained(5)
    assert first_break(rows, (5, rows[-1][1])) is None
    assert first_break([], (0, FIRST)) is None


@given(place=st.integers(0, 6), field=st.sampled_from(FIELDS), text=st.text(max_size=5))
def test_a_changed_field_breaks_it_at_its_row(place: int, field: str, text: str) -> None:
    rows = chained(7)
    row, digest = rows[place]
    changed = replace(row, **{field: getattr(row, field) + text})
    broken = first_break([*rows[:place], (changed, digest), *rows[place + 1 :]], (7, rows[-1][1]))
    assert (broken is None) == (text == "")
    assert broken is None or broken.number == place + 1


@given(place=st.integers(0, 6))
def test_a_missing_row_is_named_the_last_one_too(place: int) -> None:
    rows = chained(7)
    broken = first_break([*rows[:place], *rows[place + 1 :]], (7, rows[-1][1]))
    assert broken is not None
    assert broken.number == place + 1


def test_the_command_names_the_first_bad_row(tmp_path: Path, tidegate: Command) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    site = tmp_path / "site"
    for arguments in (
        ("init", "site"),
        ("publish", "site/strategies/text.yaml", "--message", "one", "--workspace", "site"),
        ("key", "feed", "--zone", "us", "--scope", "items", "--workspace", "site"),
    ):
        done = tidegate(*arguments, cwd=tmp_path, environment=environment)
        assert done.returncode == 0, done.stderr
    assert (
        tidegate("ledger", "verify", cwd=site, environment=environment).stdout
        == "3 rows, and the chain holds\n"
    )

    with sqlite3.connect(site / "tidegate.db") as database:
        database.execute("drop trigger ledger_no_update")
        database.execute("update ledger_entry set actor = 'cli:nobody' where number = 2")
    database.close()

    done = tidegate("ledger", "verify", cwd=site, environment=environment)
    assert done.returncode == 1
    assert done.stderr == "the ledger is broken: row 2 was changed\n"


def test_a_service_needs_a_workspace(tmp_path: Path, tidegate: Command) -> None:
    done = tidegate("ledger", "verify", cwd=tmp_path, environment=dict(os.environ))
    assert done.returncode == 2
    assert "there is no tidegate.toml here" in done.stderr


@pytest.mark.parametrize("scope", ["item", "everything"])
def test_an_unknown_scope_makes_no_key(tmp_path: Path, tidegate: Command, scope: str) -> None:
    environment = dict(os.environ)
    assert tidegate("init", "site", cwd=tmp_path, environment=environment).returncode == 0
    done = tidegate(
        "key", "feed", "--zone", "us", "--scope", scope, cwd=tmp_path / "site", environment=environment
    )
    assert done.returncode == 2
    assert "Scopes are items, events, moderations, launches, exports, metrics." in done.stderr

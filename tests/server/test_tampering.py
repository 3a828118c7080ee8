"""Any byte of any row of the ledger that is changed is named, and so is a past that was written anew."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.usefixtures("inside")
FIELDS = ("number", "at", "actor", "act", "zone", "subject", "details", "evidence", "digest")


@pytest.fixture(autouse=True)
def scope(inside: Path) -> Iterator[None]:
    from tidegate.server.zones.scope import EVERYWHERE, within

    with within(EVERYWHERE):
        yield


@pytest.fixture
def rows(inside: Path) -> list[tuple[Any, str]]:
    """The rows of the ledger as they are stored."""
    from tidegate.server.ledger.actions import _rows
    from tidegate.server.ledger.models import Head

    return list(_rows(Head.objects.get(pk=1).number))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(data=st.data())
def test_any_byte_of_any_stored_row_that_changes_is_named(rows: list[tuple[Any, str]], data: Any) -> None:
    from dataclasses import replace

    from tidegate.server.ledger.chain import first_break

    place = data.draw(st.integers(0, len(rows) - 1))
    row, digest = rows[place]
    name = data.draw(
        st.sampled_from([one for one in FIELDS if one == "number" or vars(row).get(one, digest)])
    )
    if name == "number":
        changed = (replace(row, number=row.number ^ (1 << data.draw(st.integers(0, 62)))), digest)
    else:
        text = bytearray(vars(row).get(name, digest).encode())
        text[data.draw(st.integers(0, len(text) - 1))] ^= data.draw(st.integers(1, 255))
        spoilt: Any = bytes(text)  # SQLite hands out what is no text as bytes, or not at all
        with contextlib.suppress(UnicodeDecodeError):
            spoilt = spoilt.decode()
        changed = (row, spoilt) if name == "digest" else (replace(row, **{name: spoilt}), digest)
    end = (rows[-1][0].number, rows[-1][1])
    broken = first_break([*rows[:place], changed, *rows[place + 1 :]], end)
    assert broken is not None
    assert broken.number == place + 1


@pytest.fixture(scope="module")
def file(inside: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database as one file, where it is one."""
    from django.db import connection

    if connection.vendor != "sqlite":
        pytest.skip("the file is SQLite's")
    copy = tmp_path_factory.mktemp("file") / "tidegate.db"
    with connection.cursor() as cursor:
        cursor.execute(f"vacuum into '{copy}'")
    return copy


VERIFY = """
import os, sys
from pathlib import Path
import django; django.setup()
from django.db import connection
from tidegate.server.ledger.actions import verify
from tidegate.server.zones.scope import EVERYWHERE, of_process
of_process(EVERYWHERE)
for line in sys.stdin:
    file, offset, mask = line.split()
    with open(file, "r+b") as raw:
        raw.seek(int(offset)); was = raw.read(1)
        raw.seek(int(offset)); raw.write(bytes([was[0] ^ int(mask)]))
    connection.settings_dict["NAME"] = file; connection.close()
    try:
        rows, broken = verify()
    except Exception as error:
        print("error", repr(error), flush=True)
    else:
        print("whole" if broken is None else broken.number, flush=True)
    connection.close()
    with open(file, "r+b") as raw:
        raw.seek(int(offset)); raw.write(was)
"""


def test_any_byte_of_a_row_that_changes_in_the_file_is_named(
    file: Path, inside: Path, tmp_path: Path
) -> None:
    """Every 37th byte of every row's text, flipped in the file itself, each in turn."""
    copy = tmp_path / "tidegate.db"
    shutil.copy(file, copy)
    with sqlite3.connect(copy) as database:
        found = database.execute(f"select {', '.join(FIELDS)} from ledger_entry order by number").fetchall()
        database.execute("pragma journal_mode = delete")
    database.close()
    raw, jobs = copy.read_bytes(), []
    for number, *texts in found:
        start = raw.index("".join(texts).encode())  # SQLite stores the columns of a row one after the other
        assert raw.count("".join(texts).encode()) == 1
        jobs += [(number, start + at, 1 << (at % 8)) for at in range(number % 37, len("".join(texts)), 37)]
    assert len(jobs) > 100
    told = subprocess.run(
        [sys.executable, "-c", VERIFY],
        input="\n".join(f"{copy} {offset} {mask}" for _, offset, mask in jobs),
        env={
            **os.environ,
            "TIDEGATE_WORKSPACE": str(inside),
            "DJANGO_SETTINGS_MODULE": "tidegate.server.settings",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.stdout.split("\n")[:-1] == [str(number) for number, _, _ in jobs], told.stderr


def test_the_database_itself_refuses_to_change_or_delete_a_row(inside: Path) -> None:
    from django.db import DatabaseError, transaction

    from tidegate.server.ledger.models import Entry

    for change in (lambda: Entry.objects.filter(number=1).update(actor="me"), Entry.objects.all().delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_a_past_that_was_written_anew_is_told_by_its_anchor(rows: list[tuple[Any, str]]) -> None:
    from dataclasses import replace

    from tidegate.server.ledger.chain import FIRST, Anchor, first_break

    end = (len(rows), rows[-1][1])
    anchors = [Anchor(number, rows[number - 1][1], f"day {number}") for number in (2, 5, len(rows))]
    assert first_break(rows, end, anchors) is None

    forged, before = [], FIRST
    for row, _ in rows:
        row = replace(row, actor="somebody else") if row.number == 4 else row
        before = row.digest(before)
        forged.append((row, before))
    assert first_break(forged, (len(rows), before)) is None  # the chain alone does not tell
    broken = first_break(forged, (len(rows), before), anchors)
    assert broken is not None
    assert broken.problem == "row 5 is not the one that was anchored at day 5: the past was rewritten"

    shorter = first_break(rows[:-1], (len(rows) - 1, rows[-2][1]), anchors)
    assert shorter is not None
    assert f"row {len(rows)} was anchored" in shorter.problem


def test_of_two_anchors_of_one_row_none_is_passed_over(rows: list[tuple[Any, str]]) -> None:
    """A past that was cut off, anchored and grown again to the same length: the file names a row twice."""
    from tidegate.server.ledger.chain import FIRST, Anchor, first_break

    end, digest = (len(rows), rows[-1][1]), rows[4][1]
    for told in ((FIRST, digest), (digest, FIRST)):
        broken = first_break(rows, end, [Anchor(5, one, f"as {one[:4]}") for one in told])
        assert broken is not None
        assert broken.problem == "row 5 is not the one that was anchored at as 0000: the past was rewritten"


def test_a_row_that_was_put_in_before_the_first_is_named(inside: Path) -> None:
    from django.db import transaction

    from tidegate.server import rows
    from tidegate.server.ledger.actions import verify
    from tidegate.server.ledger.models import Entry

    row = {name: Entry.objects.values(name).get(number=1)[name] for name in rows.columns(Entry)}
    with transaction.atomic():
        rows.insert(Entry, [row | {"number": -3}])
        assert verify()[1] is not None
        assert verify()[1].problem == "row -3 was put in before the first"  # type: ignore[union-attr]
        transaction.set_rollback(True)
    assert verify()[1] is None


def test_anchors_are_appended_once_and_read_back(inside: Path, tmp_path: Path) -> None:
    from tidegate.errors import RunError
    from tidegate.server.ledger.actions import Act, append, verify
    from tidegate.server.ledger.anchors import anchor, read, write

    path = tmp_path / "anchors.jsonl"
    write(path, anchor())
    write(path, anchor())
    from django.db import transaction

    with transaction.atomic():
        append([Act("test", "a.try", "us", "nothing")])
    write(path, anchor())
    assert [one.number for one in read(path)] == [anchor().number - 1, anchor().number]
    assert verify(read(path))[1] is None
    path.write_text("nonsense\n")
    with pytest.raises(RunError, match="no anchor"):
        read(path)


def test_rows_that_come_while_it_is_checked_are_no_break(
    inside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import transaction

    from tidegate.server.ledger import actions

    whole = actions._rows

    def meanwhile(last: int) -> Any:
        with transaction.atomic():
            actions.append([actions.Act("test", "a.try", "us", "nothing")])
        return whole(last)

    monkeypatch.setattr(actions, "_rows", meanwhile)
    assert actions.verify()[1] is None

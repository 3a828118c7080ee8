"""A run asked in SQL."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tidegate.errors import RunError
from tidegate.warehouse import query


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "a 'run'"
    folder.mkdir()
    pl.DataFrame({"item_id": ["a", "b"], "action": ["allow", "remove"]}).write_parquet(
        folder / "decisions.parquet"
    )
    pl.DataFrame({"item_id": ["a", "b"], "text.hate": [0.1, 0.9]}).write_parquet(folder / "signals.parquet")
    pl.DataFrame({"secret": [1]}).write_parquet(folder / "other.parquet")
    return folder


def test_tables_of_the_run_can_be_joined(run):
    sql = 'select action, "text.hate" from decisions join signals using (item_id) where "text.hate" > 0.5'
    assert query(run, sql).rows() == [("remove", 0.9)]


@pytest.mark.parametrize("sql", ["describe decisions", "show tables", "summarize signals", "from decisions;"])
def test_a_run_can_be_looked_over(run, sql):
    assert len(query(run, sql)) > 0


def test_a_run_may_be_named_by_a_relative_path(run, monkeypatch):
    monkeypatch.chdir(run.parent)
    assert query(Path(run.name), "select count(*) as n from decisions")["n"].to_list() == [2]


@pytest.mark.parametrize(
    ("sql", "hint"),
    [
        ("from decision", "Did you mean 'decisions'?"),
        ("from truth", "the tables signals, decisions"),
        ("select acton from decisions", "describe"),
        ("select text.hate from signals", "double quotes"),
        ("selec 1", "the tables signals, decisions"),
    ],
)
def test_a_slip_is_answered_with_what_there_is(run, sql, hint):
    with pytest.raises(RunError) as caught:
        query(run, sql)
    assert hint in caught.value.remedy


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "select 1; select 2",
        "copy decisions to 'stolen.csv'",
        "explain analyze copy decisions to 'stolen.csv'",
        "drop view decisions",
        "insert into decisions values ('c', 'allow')",
        "attach 'other.db'",
        "install httpfs",
        "set enable_external_access = true",
        "from read_csv('/etc/hostname')",
        "from read_text('/etc/hostname')",
        "from glob('/*')",
        "from 'other.parquet'",
    ],
)
def test_nothing_but_the_tables_can_be_read_and_nothing_written(run, sql, monkeypatch):
    monkeypatch.chdir(run)
    before = {path: path.read_bytes() for path in run.iterdir()}
    with pytest.raises(RunError):
        query(run, sql)
    assert {path: path.read_bytes() for path in run.iterdir()} == before


def test_a_folder_without_tables_is_no_run(tmp_path):
    with pytest.raises(RunError, match="no tables"):
        query(tmp_path, "select 1")

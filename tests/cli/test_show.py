"""Tables that read at any width: in columns where there is room, as lists where there is none."""

from __future__ import annotations

import polars as pl
import pytest

from tidegate.cli import show


def test_a_few_columns_are_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    show.frame(pl.DataFrame({"action": ["allow", "remove"], "count": [12_345, None]}))
    printed = capsys.readouterr().out.splitlines()
    assert any("allow" in line and "12,345" in line for line in printed)
    assert any("remove" in line and "–" in line for line in printed)


def test_many_columns_are_a_list_per_row(capsys: pytest.CaptureFixture[str]) -> None:
    show.frame(pl.DataFrame({f"column_{n}": [f"first {n}", f"second {n}"] for n in range(20)}))
    printed = capsys.readouterr().out.splitlines()
    values = [line.strip("│ ").split("│")[-1].strip() for line in printed if "column_7" in line]
    assert values == ["first 7", "second 7"]


def test_a_long_table_says_that_it_was_cut(capsys: pytest.CaptureFixture[str]) -> None:
    show.frame(pl.DataFrame({"row": range(show.ROWS_SHOWN + 1)}))
    assert "the first 1,000 of 1,001 rows" in capsys.readouterr().out


@pytest.mark.parametrize(("method", "said"), [("census", True), ("gamma", False)])
def test_an_interval_without_width_is_explained(
    capsys: pytest.CaptureFixture[str], method: str, said: bool
) -> None:
    figure = {"estimate": 0.1, "low": 0.1, "high": 0.1, "labels": 60, "items": 60, "method": method}
    show.errors_table("All", [("", {"overkill": {"rate": figure}})])
    assert (show.CENSUS in " ".join(capsys.readouterr().out.split())) is said

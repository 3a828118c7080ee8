"""`tidegate backtest` on a real run: what it prints, what it writes, how it leaves."""

from __future__ import annotations

import json
import re
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from tidegate.cli.commands.backtest import command
from tidegate.errors import RunError
from tidegate.runs.bench import STARTER_STRATEGY
from tidegate.runs.folder import RunFolder


@pytest.fixture(scope="module")
def stricter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The starter strategy with a lower bar for review."""
    text = STARTER_STRATEGY.read_text(encoding="utf-8")
    path = tmp_path_factory.mktemp("strategies") / "text-v2.yaml"
    path.write_text(
        re.sub(r"review: 0\.\d+", "review: 0.30", text.replace("version: 1", "version: 2")), encoding="utf-8"
    )
    return path


def tidegate_backtest(*arguments: str | Path) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(
        command, [str(a) for a in arguments], catch_exceptions=False
    )


def test_the_lead_sentence_comes_first_and_no_text_is_shown(run: RunFolder, stricter: Path) -> None:
    done = tidegate_backtest(run.root, "--strategy", stricter, "--by", "language")

    assert done.exit_code == 0
    assert re.match(r"Against text 1@\w{4}…, text 2@\w{4}… flips [\d,]+ of 2,000 items \(", done.stdout)
    for title in (
        "From → to",
        "Flips by rule",
        "Flips by language",
        "Leakage and overkill",
        "Most viewed flips",
    ):
        assert title in done.stdout
    texts = pl.read_parquet(run.table("items"))["text"]
    assert not any(text in done.stdout for text in texts if text and len(text) > 20)


def test_json_holds_the_same_numbers(run: RunFolder, stricter: Path) -> None:
    found = json.loads(tidegate_backtest(run.root, "--strategy", stricter, "--json").stdout)

    assert found["totals"]["items"] == sum(cell["items"] for cell in found["matrix"]) == 2_000
    assert found["totals"]["flips"] == sum(group["items"] for group in found["rules"]) > 0
    assert {row["measure"] for row in found["differences"]} == {
        f"{error}_{kind}" for error in ("leakage", "overkill") for kind in ("rate", "share")
    }
    shown = json.loads(tidegate_backtest(run.root, "--strategy", stricter, "--json", "--show-text").stdout)
    assert all(row["text"] for row in shown["most_viewed"])


def test_on_a_real_run_every_true_difference_lies_in_its_interval(run: RunFolder, stricter: Path) -> None:
    found = json.loads(
        tidegate_backtest(run.root, "--strategy", stricter, "--json", "--confidence", "0.999").stdout
    )
    for row in found["differences"]:
        if row["truth"] is not None:
            assert row["low"] - 1e-12 <= row["truth"] <= row["high"] + 1e-12


def test_the_strategy_of_the_run_itself_flips_nothing(run: RunFolder) -> None:
    assert "flips none of 2,000 items" in tidegate_backtest(run.root, "--strategy", "starter").stdout


def test_the_report_is_written_beside_the_tables(run: RunFolder, stricter: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    done = tidegate_backtest(run.root, "--strategy", stricter, "--html", page)

    assert f"Report written to {page}" in done.stdout.replace("\n", "")
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert list(tmp_path.iterdir()) == [page]


def test_a_report_that_has_nowhere_to_go_is_refused_before_the_work(run: RunFolder, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="does not exist"):
        tidegate_backtest(run.root, "--strategy", "no-such.yaml", "--html", tmp_path / "none" / "report.html")


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="not a run folder"):
        tidegate_backtest(tmp_path, "--strategy", "starter")

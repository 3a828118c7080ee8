"""`tidegate drift` on real runs: the demo's stream against itself, and against a stream that changed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from tidegate.cli import show
from tidegate.cli.commands.drift import _show
from tidegate.cli.main import tidegate_command
from tidegate.errors import TidegateError
from tidegate.runs.bench import set_up
from tidegate.runs.demo import run_demo
from tidegate.runs.drifting import Report
from tidegate.runs.drifting import drift as compared
from tidegate.runs.folder import RunFolder
from tidegate.runs.moderate import Job, moderate

LATE = datetime(2026, 3, 7, tzinfo=UTC)
"""When the last two days of the demo's week begin."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`reference` and `same`, two weeks of one stream; `changed`, with more harm in one language."""
    root, bench = tmp_path_factory.mktemp("runs"), set_up("starter")
    for name, seed in (("reference", 1), ("same", 2), ("other", 3)):
        run_demo(root / name, bench, 4_000, seed, lambda _: None)
    posts = pl.read_parquet(root / "other" / "posts.parquet")
    risky = posts.filter((pl.col("language") == "zh") & pl.col("violates"))
    more = pl.concat([risky.with_columns(id=pl.col("id") + f"-{n}") for n in range(6)])
    pl.concat([posts, more]).write_parquet(root / "posts.parquet")
    moderate(Job([str(root / "posts.parquet")], root / "changed", truth="violates"), bench)
    # The last two days of a week bring seven times the harm in one language; some posts have no time.
    late = pl.col("created_at") >= LATE
    week = pl.concat([posts, more.filter(late)]).with_row_index()
    untimed = pl.when(pl.col("index") % 100 > 0).then("created_at")
    week.with_columns(created_at=untimed).drop("index").write_parquet(root / "week.parquet")
    moderate(Job([str(root / "week.parquet")], root / "week", truth="violates"), bench)
    return root


def in_time(runs: Path, run: str, *options: str) -> tuple[int, str]:
    done = CliRunner().invoke(tidegate_command, ["drift", str(runs / run), *options])
    refused = str(done.exception) if isinstance(done.exception, TidegateError) else ""
    return done.exit_code, done.output + refused


def drift(runs: Path, run: str, *options: str) -> tuple[int, str]:
    arguments = ["drift", str(runs / run), "--against", str(runs / "reference"), *options]
    done = CliRunner().invoke(tidegate_command, arguments)
    return done.exit_code, done.output


def test_nothing_has_changed(runs: Path) -> None:
    status, said = drift(runs, "same", "--by", "language")
    assert status == 0, said
    assert "shows a change." in said
    assert "None of " in said
    assert "smallest" in said


def test_what_has_changed_is_named_and_the_exit_status_tells(runs: Path) -> None:
    status, said = drift(runs, "changed", "--by", "language", "--json")
    assert status == 1, said
    report = json.loads(said)
    changed = [(row["check"], row["slice"], row["value"]) for row in report["checks"] if row["drifted"]]
    assert ("mix", "language", "zh") in changed
    assert ("top scores", "language", "zh") in changed
    assert not [one for one in changed if one[0] != "mix" and one[2] == "en"]
    assert report["drifted"] == len(changed)


def test_a_score_that_is_not_there_names_the_nearest(runs: Path) -> None:
    done = CliRunner().invoke(
        tidegate_command,
        ["drift", str(runs / "same"), "--against", str(runs / "reference"), "--score", "text.maxrisk"],
    )
    assert "Did you mean 'text.max_risk'?" in str(done.exception)


def test_the_last_days_of_a_run_against_those_before(runs: Path) -> None:
    spans = "--window", "2d", "--reference", "5d", "--until", "2026-03-09"
    status, said = in_time(runs, "week", *spans, "--by", "language", "--json")
    assert status == 1, said
    report = json.loads(said)
    changed = {(row["check"], row["slice"], row["value"]) for row in report["checks"] if row["drifted"]}
    assert ("mix", "language", "zh") in changed
    assert ("top scores", "language", "zh") in changed
    posts = pl.read_parquet(runs / "week.parquet")["created_at"]
    assert report["notes"][0] == f"{posts.null_count()} items without created_at left out"
    assert report["now"]["items"] == (posts >= LATE).sum()
    assert report["before"]["items"] == (posts < LATE).sum()
    assert report["now"]["of"] == "2026-03-07 00:00 to 2026-03-09 00:00 UTC"


def test_before_the_change_nothing_had_changed(runs: Path) -> None:
    status, said = in_time(
        runs, "week", "--window", "2d", "--reference", "3d", "--until", f"{LATE:%Y-%m-%d}", "--by", "language"
    )
    assert status == 0, said
    assert f"to {LATE:%Y-%m-%d} 00:00 UTC" in said
    assert "posted in neither span left out" in said
    assert "None of " in said


@pytest.fixture
def report(runs: Path) -> Report:
    return compared((RunFolder(runs / "same"), None), (RunFolder(runs / "reference"), None))


def shown(report: dict[str, Any]) -> str:
    """The lines for people."""
    with show.out.capture() as captured:
        _show(report)
    return captured.get()


def test_an_interval_that_would_be_a_change_by_itself_is_reconciled_with_the_headline(report: Report) -> None:
    plain = report.as_dict()
    plain["checks"] = [row | {"low": -0.02, "high": 0.009, "drifted": False} for row in plain["checks"]]
    assert "looked at alone" not in shown(plain)
    plain["checks"][0] |= {"low": 0.02, "high": 0.09}
    said = " ".join(shown(plain).split())
    assert f"None of {plain['tested']} checks shows a change." in said
    assert f"1 interval below would show a change if looked at alone. Among {plain['tested']} checks" in said


def test_where_nothing_could_be_compared_nothing_is_claimed(report: Report) -> None:
    plain = report.as_dict()
    plain["checks"] = [row | {"p": None, "note": "too few items"} for row in plain["checks"]]
    plain["tested"] = 0
    said = shown(plain)
    assert "Nothing could be compared" in said
    assert "change." not in said


def test_a_reference_that_reaches_back_before_the_run_is_told(runs: Path) -> None:
    status, said = in_time(runs, "same", "--window", "2", "--json")
    assert status == 0, said
    assert any("shorter than asked for" in note for note in json.loads(said)["notes"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "Give one of --against"),
        (["--window", "7d", "--against", "x"], "Give one of --against"),
        (["--against", "x", "--until", "2026-01-01"], "go with --window"),
        (["--window", "soon"], "no number of days"),
        (["--window", "1d", "--until", "2001-01-01"], "no item was posted in 2000-12-27 00:00"),
        (["--window", "1d", "--by", "day"], "cannot be sliced by day"),
    ],
)
def test_what_cannot_be_compared_is_refused(runs: Path, options: list[str], said: str) -> None:
    assert said in in_time(runs, "same", *options)[1]


def test_a_new_slice_below_what_matters_is_no_finding(runs: Path) -> None:
    posts = pl.read_parquet(runs / "same" / "posts.parquet")
    few = posts.head(20).with_columns(id=pl.col("id") + "-sw", language=pl.lit("sw"))
    pl.concat([posts, few]).write_parquet(runs / "few.parquet")
    moderate(Job([str(runs / "few.parquet")], runs / "few", truth="violates"), set_up("starter"))
    for at_least, found in (("0.01", False), ("0.001", True)):
        _, said = drift(runs, "few", "--by", "language", "--at-least", at_least, "--json")
        (mix,) = [row for row in json.loads(said)["checks"] if (row["check"], row["value"]) == ("mix", "sw")]
        assert mix["drifted"] is found

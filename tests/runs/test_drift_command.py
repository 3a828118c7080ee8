"""`tidegate drift` on real runs: the demo's stream against itself, and against a stream that changed."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from tidegate.cli.main import tidegate_command
from tidegate.runs.bench import set_up
from tidegate.runs.demo import run_demo
from tidegate.runs.moderate import Job, moderate


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
    return root


def drift(runs: Path, run: str, *options: str) -> tuple[int, str]:
    arguments = ["drift", str(runs / run), "--against", str(runs / "reference"), *options]
    done = CliRunner().invoke(tidegate_command, arguments)
    return done.exit_code, done.output


def test_nothing_has_changed(runs: Path) -> None:
    status, said = drift(runs, "same", "--by", "language")
    assert status == 0, said
    assert "Nothing has changed that" in said
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

"""`tidegate tune` and the warning of `tidegate strategy check`, from the outside."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from tidegate.cli.commands.strategy import check
from tidegate.cli.commands.tune import command
from tidegate.demo import write_stream
from tidegate.runs.bench import STARTER_STRATEGY, set_up
from tidegate.runs.moderate import Job, moderate
from tidegate.runs.tuning.numbers import with_numbers

ROOT = Path(__file__).parents[2]
STRATEGY = """strategy: text
version: 1
let:
  remove: 0.97  # certain
  review: 0.55
rules:
  - {id: sure, when: "text.hate >= :remove", then: remove}
  - {id: unsure, when: "text.hate >= :review", then: review}
  - {id: otherwise, then: allow}
"""
LIMITS = ("--overkill-at-most", "0.05", "--leakage-at-most", "0.01")
World = Any


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT))
        from benchmarks.measure.tuning_world import scores, world

        rng = np.random.default_rng(4)
        violates = rng.random(15_000) < 0.1
        language = np.where(np.arange(15_000) % 2, "en", "zh").tolist()
        signals = {"hate": scores(rng, violates, 0.99, 0.1)}
        yield world(tmp_path_factory.mktemp("world"), STRATEGY, signals, violates, language=language)


@pytest.fixture
def strategy(made: World, tmp_path: Path) -> Path:
    return Path(shutil.copy(made.strategy, tmp_path / "text.yaml"))


def tune(made: World, strategy: Path, *words: str | Path) -> Result:
    arguments = [strategy, "--run", made.run.root, "--labels", made.labels, *words]
    return CliRunner(env={"COLUMNS": "200"}).invoke(command, [str(word) for word in arguments])


def test_a_dry_run_writes_nothing(made: World, strategy: Path) -> None:
    done = tune(made, strategy, *LIMITS, "--dry-run")
    assert done.exit_code == 0, done.output
    assert "of items need no person, certified with confidence 0.95" in done.output.replace("\n", " ")
    assert "leakage rate at most" in done.output
    assert "Would be written to" in done.output
    assert strategy.read_text(encoding="utf-8") == STRATEGY
    assert [path.name for path in strategy.parent.iterdir()] == ["text.yaml"]


def test_the_numbers_change_in_place_and_the_certificate_lies_beside(made: World, strategy: Path) -> None:
    done = tune(made, strategy, *LIMITS, "--json", "--expires", "30d")
    (found,) = json.loads(done.stdout)
    assert found["certified"]
    assert found["written_to"] == str(strategy)
    assert strategy.read_text(encoding="utf-8") == with_numbers(STRATEGY, found["numbers"])
    content = json.loads((strategy.parent / "text.certificate.json").read_text(encoding="utf-8"))
    assert content["tuned"] == found["numbers"]
    assert content["made_at"][:4] <= content["expires_at"][:4]


def test_by_language_a_folder_gets_one_strategy_each(made: World, strategy: Path, tmp_path: Path) -> None:
    done = tune(made, strategy, *LIMITS, "--by", "language", "--out", tmp_path / "tuned")
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in (tmp_path / "tuned").iterdir()) == [
        "text.en.certificate.json",
        "text.en.yaml",
        "text.zh.certificate.json",
        "text.zh.yaml",
    ]


def test_without_out_the_strategies_of_groups_lie_beside_the_strategy(made: World, strategy: Path) -> None:
    done = tune(made, strategy, *LIMITS, "--by", "language")
    assert done.exit_code == 0, done.output
    assert {"text.en.yaml", "text.zh.yaml"} < {path.name for path in strategy.parent.iterdir()}
    assert strategy.read_text(encoding="utf-8") == STRATEGY


def in_a_line(output: str) -> str:
    """Without the line breaks of a narrow terminal."""
    return " ".join(output.split())


def test_the_run_is_where_the_labels_lie_unless_told(made: World, strategy: Path) -> None:
    labels = Path(shutil.copy(made.labels, made.run.root / "labels.csv"))
    arguments = [str(strategy), "--labels", str(labels), *LIMITS, "--dry-run"]
    done = CliRunner(env={"COLUMNS": "200"}).invoke(command, arguments)
    assert done.exit_code == 0, done.output


def test_a_run_that_was_told_the_truth_needs_no_labels(tmp_path: Path) -> None:
    write_stream(tmp_path / "posts.parquet", 3_000, 11)
    job = Job([str(tmp_path / "posts.parquet")], tmp_path / "run", truth="violates", truth_policy="policy")
    moderate(job, set_up("starter"))
    strategy = Path(shutil.copy(STARTER_STRATEGY, tmp_path / "text.yaml"))
    arguments = [str(strategy), "--run", str(tmp_path / "run"), "--leakage-at-most", "0.05"]
    done = CliRunner(env={"COLUMNS": "200"}).invoke(command, arguments)
    assert done.exit_code == 0, done.output
    told = in_a_line(CliRunner().invoke(check, [str(strategy)]).output)
    assert "the threshold 'remove' has no certificate: text.certificate.json is about leakage" in told
    assert "Run `tidegate tune` with --overkill-at-most as well" in told
    assert "'review'" not in told


def test_what_cannot_be_certified_leaves_with_1_and_writes_nothing(made: World, strategy: Path) -> None:
    done = tune(made, strategy, "--leakage-at-most", "0.00001")
    assert done.exit_code == 1
    assert "leakage rate: at most" in done.output
    assert strategy.read_text(encoding="utf-8") == STRATEGY
    assert len(list(strategy.parent.iterdir())) == 1


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--expires", "soon", *LIMITS), "no number of days"),
        (("--sensitivity", "good", *LIMITS), "Invalid value for '--sensitivity'"),
        (("--overkill-at-most", "2"), "2.0 is not in the range"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    made: World, strategy: Path, words: tuple[str, ...], what: str
) -> None:
    done = tune(made, strategy, *words)
    assert done.exit_code == 2
    assert what in done.output


def test_without_labels_and_run_it_asks_for_them(strategy: Path) -> None:
    done = CliRunner().invoke(command, [str(strategy), *LIMITS])
    assert done.exit_code == 2
    assert "Give --labels" in done.output


def test_strategy_check_warns_of_a_missing_and_of_a_stale_certificate(tmp_path: Path) -> None:
    strategy = Path(shutil.copy(STARTER_STRATEGY, tmp_path / "text.yaml"))
    done = CliRunner().invoke(check, [str(strategy)])
    assert done.exit_code == 0
    assert "no certificate speaks for fine, remove, review, help" in in_a_line(done.output)
    (tmp_path / "text.certificate.json").write_text("{}", encoding="utf-8")
    done = CliRunner().invoke(check, [str(strategy)])
    assert done.exit_code == 0
    assert "this certificate cannot be read" in in_a_line(done.output)

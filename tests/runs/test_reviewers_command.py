"""`tidegate reviewers` and `measure --golds`: reviewers who err, on a real run whose truth is known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from tidegate.cli.main import tidegate_command
from tidegate.runs.bench import Bench
from tidegate.runs.demo import run_demo

SENSITIVITY, FALSE_CALLS = 0.85, 0.004


@pytest.fixture(scope="module")
def site(quick: Bench, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, labels by two people who miss and who see what is not there, and golds among its items."""
    root = tmp_path_factory.mktemp("site")
    run_demo(root / "run", quick, 12_000, 11, lambda _: None)
    decisions = pl.read_parquet(root / "run" / "decisions.parquet")
    truth = pl.read_parquet(root / "run" / "truth.parquet").select("item_id", truth="violates")
    rng = np.random.default_rng(1)

    def labelled(items: pl.DataFrame) -> pl.DataFrame:
        violates = items["truth"].to_numpy()
        said = np.where(violates, rng.random(len(items)) < SENSITIVITY, rng.random(len(items)) < FALSE_CALLS)
        people = rng.choice(["ann", "bo"], len(items))
        return items.select("item_id").with_columns(violates=pl.Series(said), labeller=pl.Series(people))

    both = decisions.select("item_id", "audited").join(truth, on="item_id")
    golds = both.filter(~pl.col("audited"))
    pl.concat([labelled(both.filter("audited")), labelled(golds)]).write_csv(root / "labels.csv")
    golds.select("item_id", violates="truth").write_csv(root / "golds.csv")
    return root


def tidegate(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(tidegate_command, [str(one) for one in arguments])
    return done.exit_code, done.output if done.exception is None else f"{done.output}{done.exception}"


def test_skill_is_counted_from_golds_by_group(site: Path) -> None:
    options = ("--golds", site / "golds.csv", "--run", site / "run", "--by", "labeller,language", "--json")
    status, said = tidegate("reviewers", site / "labels.csv", *options)
    assert status == 0, said
    rows = {row["value"]: row for row in json.loads(said)}
    assert set(rows) >= {"everybody", "ann", "bo", "en", "zh"}
    held = [row["sensitivity_low"] <= SENSITIVITY <= row["sensitivity_high"] for row in rows.values()]
    held += [row["specificity_low"] <= 1 - FALSE_CALLS <= row["specificity_high"] for row in rows.values()]
    assert held.count(False) <= 1  # of ten intervals, each of which misses in one of twenty sets of labels


def test_skill_is_counted_by_team(site: Path, tmp_path: Path) -> None:
    teams = tmp_path / "teams.csv"
    teams.write_text("labeller,group\nann,north\n")
    options = ("--golds", site / "golds.csv", "--by", "labeller,group", "--json", "--groups", teams)
    status, said = tidegate("reviewers", site / "labels.csv", *options)
    assert status == 0, said
    rows = {(row["group"], row["value"]): row for row in json.loads(said)}
    assert {value for name, value in rows if name == "group"} == {"north", "(none)"}
    one, other = rows["group", "north"], rows["labeller", "ann"]
    assert {**one, "group": "", "value": ""} == {**other, "group": "", "value": ""}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("labeller,team\nann,north\n", "there is no column 'group'"),
        ("labeller,group\nann,north\nbo,\n", "teams.csv:3"),
        ("labeller,group\nann,north\nann,south\n", "'ann' comes twice"),
    ],
)
def test_teams_that_cannot_be_understood_are_refused(
    site: Path, tmp_path: Path, text: str, complaint: str
) -> None:
    teams = tmp_path / "teams.csv"
    teams.write_text(text)
    options = ("--golds", site / "golds.csv", "--by", "group", "--groups", teams)
    status, said = tidegate("reviewers", site / "labels.csv", *options)
    assert status != 0
    assert complaint in said


def test_teams_without_golds_are_refused(site: Path, tmp_path: Path) -> None:
    (tmp_path / "teams.csv").write_text("labeller,group\nann,north\n")
    status, said = tidegate("reviewers", site / "labels.csv", "--groups", tmp_path / "teams.csv")
    assert status == 2
    assert "--groups needs --golds" in said


def test_corrected_rates_hold_the_truth(site: Path) -> None:
    options = ("--labels", site / "labels.csv", "--golds", site / "golds.csv", "--by", "language", "--json")
    status, said = tidegate("measure", site / "run", *options)
    assert status == 0, said
    figures = json.loads(said)
    exact = json.loads((site / "run" / "summary.json").read_text())
    for error in ("leakage", "overkill"):
        found, truth = figures[error]["rate"]["corrected"], exact[error]["rate"]["truth"]
        assert found["low"] <= truth <= found["high"]
    # Reviewers who miss make good decisions look like overkill.
    labelled, corrected = figures["overkill"]["rate"], figures["overkill"]["rate"]["corrected"]
    assert corrected["high"] < labelled["estimate"]
    assert "corrected" in figures["by"]["language"]["zh"]["leakage"]["rate"]


def test_corrected_shares_hold_the_truth(site: Path) -> None:
    options = ("--labels", site / "labels.csv", "--golds", site / "golds.csv", "--by", "language", "--json")
    status, said = tidegate("measure", site / "run", *options)
    assert status == 0, said
    figures = json.loads(said)
    exact = json.loads((site / "run" / "summary.json").read_text())
    for error in ("leakage", "overkill"):
        found, truth = figures[error]["share"]["corrected"], exact[error]["share"]["truth"]
        assert found["low"] <= truth <= found["high"]
    assert "corrected" in figures["by"]["language"]["en"]["leakage"]["share"]
    # What is counted by view stays as labelled.
    assert "corrected" not in figures["leakage"]["share_by_views"]


def test_an_answer_that_was_taken_back_is_no_answer(site: Path, tmp_path: Path) -> None:
    labels = pl.read_csv(site / "labels.csv")
    first = labels.with_columns(violates=~pl.col("violates"), labelled_at=pl.lit("2026-03-01T08:00:00Z"))
    second = labels.with_columns(labelled_at=pl.lit("2026-03-01T09:00:00Z"))
    pl.concat([second, first]).write_csv(tmp_path / "labels.csv")
    said = [
        tidegate("reviewers", path, "--golds", site / "golds.csv", "--json")[1]
        for path in (site / "labels.csv", tmp_path / "labels.csv")
    ]
    assert said[0] == said[1]


def test_the_table_shows_both(site: Path) -> None:
    status, said = tidegate(
        "measure", site / "run", "--labels", site / "labels.csv", "--golds", site / "golds.csv"
    )
    assert status == 0, said
    assert "Corrected for reviewers' mistakes" in said
    assert "as labelled" in said
    assert "leakage share" in said.partition("Corrected for")[2]


def test_golds_that_nobody_answered_are_told(site: Path, tmp_path: Path) -> None:
    (tmp_path / "golds.csv").write_text("item_id,violates\nnobody-saw-this,yes\n")
    _, said = tidegate("reviewers", site / "labels.csv", "--golds", tmp_path / "golds.csv")
    assert "none of the labels answers a gold" in said


def test_items_with_different_numbers_of_answers_are_refused(site: Path, tmp_path: Path) -> None:
    labels = pl.read_csv(site / "labels.csv")
    twice = pl.concat([labels, labels.head(50).with_columns(labeller=pl.lit("cy"))])
    twice.write_csv(tmp_path / "labels.csv")
    _, said = tidegate(
        "measure", site / "run", "--labels", tmp_path / "labels.csv", "--golds", site / "golds.csv"
    )
    assert "items have from 1 to 2 answers" in said


def test_an_unknown_group_names_the_nearest(site: Path) -> None:
    _, said = tidegate("reviewers", site / "labels.csv", "--golds", site / "golds.csv", "--by", "labeler")
    assert "Did you mean 'labeller'?" in said


def test_unnamed_answers_are_counted_as_measure_counts_them(site: Path, tmp_path: Path) -> None:
    labels = pl.read_csv(site / "labels.csv").drop("labeller")
    pl.concat([labels] * 3).write_csv(tmp_path / "thrice.csv")
    skills = {}
    for name, path in (("once", site / "labels.csv"), ("thrice", tmp_path / "thrice.csv")):
        status, said = tidegate(
            "measure", site / "run", "--labels", path, "--golds", site / "golds.csv", "--json"
        )
        assert status == 0, said
        skills[name] = json.loads(said)["leakage"]["rate"]["corrected"]["sensitivity"]
    assert skills["thrice"] > skills["once"]


def test_two_people_and_a_run_tell_their_skill_without_golds(site: Path, tmp_path: Path) -> None:
    decided = pl.read_parquet(site / "run" / "decisions.parquet").filter(pl.col("action") != "review")
    truth = pl.read_parquet(site / "run" / "truth.parquet").select("item_id", truth="violates")
    both = decided.select("item_id").join(truth, on="item_id")
    rng = np.random.default_rng(3)

    def answers(name: str) -> pl.DataFrame:
        violates = both["truth"].to_numpy()
        said = np.where(violates, rng.random(len(both)) < 0.9, rng.random(len(both)) < 0.01)
        return both.select("item_id", violates=pl.Series(said), labeller=pl.lit(name))

    pl.concat([answers("ann"), answers("bo")]).write_csv(tmp_path / "twice.csv")
    status, said = tidegate("reviewers", tmp_path / "twice.csv", "--run", site / "run", "--json")
    assert status == 0, said
    assert {row["value"] for row in json.loads(said)} == {"ann", "bo"}
    _, refused = tidegate("reviewers", tmp_path / "twice.csv")
    assert "cannot tell whose mistakes" in refused

"""`tidegate plan-labels`: which design needs the fewest labels, from a run or from three numbers."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from tidegate.cli.commands.plan_labels import command
from tidegate.errors import MeasureError
from tidegate.runs.folder import RunFolder

WORLD = ("--items", 1_000_000, "--prevalence", 0.005, "--auc", 0.96)


def plan_labels(*arguments: str | Path | float) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(
        command, [str(a) for a in arguments], catch_exceptions=False
    )


@pytest.fixture(scope="module")
def score(run: RunFolder) -> str:
    """A score of the run that lies from 0 to 1."""
    signals = pl.read_parquet(run.table("signals"))
    return next(
        name
        for name, dtype in signals.schema.items()
        if dtype.is_float() and signals[name].is_between(0, 1).all() and signals[name].n_unique() > 20
    )


def test_the_cheapest_design_comes_first_and_a_good_score_saves_labels() -> None:
    found = json.loads(plan_labels(*WORLD, "--half-width", 0.0005, "--json").output)
    names, labels = [one["design"] for one in found["designs"]], [one["labels"] for one in found["designs"]]
    assert names[0] == "proportional to √risk"
    assert names[-1] == "fixed rate"
    assert labels == sorted(labels)
    assert labels[-1] > 3 * labels[0]


def test_a_table_shows_labels_interval_and_floor() -> None:
    shown = plan_labels(*WORLD, "--half-width", 0.0005)
    assert shown.exit_code == 0
    for word in ("fixed rate", "stratified by risk", "expected interval", "1,000,000 items"):
        assert word in shown.output


def test_a_gate_asks_for_an_interval_below_its_limit() -> None:
    found = json.loads(plan_labels(*WORLD, "--limit", 0.008, "--json").output)
    assert all(one["high"] <= 0.008 for one in found["designs"])


def test_a_gate_that_is_looked_at_after_every_label_needs_more_than_one_look() -> None:
    arguments = (*WORLD[:-1], 0.9, "--limit", 0.01)
    found = json.loads(plan_labels(*arguments, "--json").output)
    gate = {one["design"]: one["labels"] for one in found["gate"]}
    once = {one["design"]: one["labels"] for one in found["designs"]}
    assert list(gate) != []
    assert gate.keys() == once.keys()
    assert list(gate.values()) == sorted(gate.values())
    assert all(labels > once[design] for design, labels in gate.items())
    shown = plan_labels(*arguments).output
    assert "looked at after every label" in shown
    assert "about " in shown


def test_a_gate_without_an_answer_says_how_far_it_was_followed() -> None:
    shown = plan_labels("--items", 300, "--prevalence", 0.095, "--auc", 0.9, "--limit", 0.1)
    assert shown.exit_code == 0
    assert "more than about 300" in shown.output


def test_what_a_gate_needs_is_told_to_two_figures() -> None:
    shown = plan_labels("--disagreements", 0.03, "--rise", -0.0001)
    assert "more than about 670,000" in shown.output  # followed for 20,000 disagreements, 3 % of 666,667


def test_the_ranking_of_designs_says_what_it_rests_on() -> None:
    shown = plan_labels(*WORLD, "--limit", 0.01)
    assert "where none has proved good, draw at a fixed rate" in shown.output


def test_a_wish_that_all_items_cannot_fulfil_is_said_so() -> None:
    shown = plan_labels("--items", 300, "--prevalence", 0.1, "--auc", 0.9, "--half-width", 1e-9)
    assert "± " not in shown.output
    assert shown.exit_code == 0


def test_a_run_is_planned_by_its_score(run: RunFolder, score: str) -> None:
    arguments = (run.root, "--score", score, "--prevalence", 0.02, "--half-width", 0.02, "--json")
    found = json.loads(plan_labels(*arguments).output)
    assert found["prevalence"] == pytest.approx(0.02, rel=1e-4)
    assert 0 < found["items"] <= 2_000
    assert all(one["labels"] for one in found["designs"])


def test_a_prevalence_that_only_a_score_says_is_told_as_such(run: RunFolder, score: str) -> None:
    arguments = (run.root, "--score", score, "--half-width", 0.05)
    assert f"of which violate, by {score}" in plan_labels(*arguments).output
    assert "of which violate, by" not in plan_labels(*arguments, "--prevalence", 0.02).output


def test_a_score_that_the_run_does_not_have_is_told_with_the_nearest(run: RunFolder, score: str) -> None:
    with pytest.raises(MeasureError, match="the run has no score") as caught:
        plan_labels(run.root, "--score", score + "x", "--half-width", 0.01)
    assert score in caught.value.remedy


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (WORLD, "--half-width or --limit"),
        ((), "to compare two strategies, --disagreements"),
        ((*WORLD, "--half-width", 0.1, "--limit", 0.1), "--half-width or --limit"),
        (("--items", 10, "--half-width", 0.1), "RUN and --score"),
        (("run", "--half-width", 0.1), "With RUN give --score"),
        ((*WORLD, "--disagreements", 0.03), "alone"),
    ],
)
def test_what_is_missing_is_asked_for(arguments: tuple[str | float, ...], complaint: str) -> None:
    shown = plan_labels(*arguments)
    assert shown.exit_code == 2
    assert complaint in shown.output


def test_two_strategies_are_compared_on_their_disagreements() -> None:
    found = json.loads(plan_labels("--disagreements", 0.04, "--json").output)["gate"]
    assert [one["design"] for one in found] == ["disagreement", "fixed rate"]
    assert found[1]["labels"] == pytest.approx(found[0]["labels"] / 0.04, abs=1)
    nearer = json.loads(plan_labels("--disagreements", 0.04, "--rise", -0.01, "--json").output)["gate"]
    assert nearer[0]["labels"] > 1.2 * found[0]["labels"]
    assert "disagreement" in plan_labels("--disagreements", 0.04).output


@pytest.mark.parametrize("wish", [("--rises-at-most", 0.05), ("--rise", -0.05)])
def test_no_change_is_larger_than_the_disagreements(wish: tuple[str, float]) -> None:
    with pytest.raises(MeasureError, match="no change can be larger"):
        plan_labels("--disagreements", 0.04, *wish)

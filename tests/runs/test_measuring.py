"""Measuring a finished run with labels from a file."""

from __future__ import annotations

import polars as pl
import pytest

from tidegate.errors import MeasureError
from tidegate.runs.folder import RunFolder
from tidegate.runs.measuring import measure


def test_labels_of_another_run_are_refused_with_the_nearest_id(run: RunFolder, tmp_path):
    labels = tmp_path / "labels.csv"
    labels.write_text("item_id,violates\nelsewhere-1,yes\n")
    with pytest.raises(MeasureError, match="none of these labels") as caught:
        measure(run, labels)
    assert caught.value.where.file == labels
    assert str(run.audit) in caught.value.remedy


def test_a_policy_that_is_misspelt_in_the_labels_is_told_with_the_nearest(run: RunFolder, tmp_path):
    labels = tmp_path / "labels.csv"
    item = pl.read_csv(run.audit)["item_id"][0]
    labels.write_text(f"item_id,violates,policy\n{item},yes,hatefull-behaviour\n")
    (warning,) = measure(run, labels)["warnings"]
    assert "1 label" in warning
    assert "Did you mean 'hateful-behaviour'?" in warning


def test_a_trend_is_a_slice_by_the_day_or_the_week_of_the_post(run: RunFolder):
    posted = pl.read_parquet(run.table("items"))["created_at"].drop_nulls()
    for name, form in (("day", "%Y-%m-%d"), ("week", "%G-W%V")):
        figures = measure(run, None, by=[name])
        assert set(figures["by"][name]) - {"(none)"} == set(posted.dt.strftime(form))


def test_a_score_of_the_run_may_stand_beside_the_labels(run: RunFolder):
    for error in ("leakage", "overkill"):
        helped, alone = (
            measure(run, None, prediction=name)[error]["rate"] for name in ("text.max_risk", None)
        )
        assert helped["labels"] == alone["labels"]
        assert helped["high"] - helped["low"] <= 1.05 * (alone["high"] - alone["low"])


def test_a_prediction_that_is_no_score_of_the_run_is_refused(run: RunFolder):
    with pytest.raises(MeasureError, match="the run has no score 'luck'"):
        measure(run, None, prediction="luck")

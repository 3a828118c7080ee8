"""Measuring a finished run with labels from a file."""

from __future__ import annotations

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

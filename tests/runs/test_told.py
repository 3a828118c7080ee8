"""Labels are read in one way by all that learn from them: contradictions and other policies are left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidegate.runs.told import told_on

LABELS = """item_id,violates,policy,labeller
split,yes,loud-music,
split,no,loud-music,
agreed,yes,loud-music,ann
agreed,yes,loud-music,ben
most,yes,loud-music,ann
most,no,loud-music,ben
most,no,loud-music,cem
other,yes,hateful-behaviour,
cleared,no,,
vague,yes,,
"""


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "labels.csv"
    path.write_text(LABELS, encoding="utf-8")
    return path


def test_contradictory_labels_and_those_of_other_policies_give_no_answer(labels: Path) -> None:
    told = told_on(labels, "loud-music")
    assert dict(told.answers.iter_rows()) == {"agreed": True, "most": False, "cleared": False}
    assert told.notes() == [
        "1 item with as many labels that say yes as no",
        "1 label that says yes and names no policy",
        "1 label of other policies: hateful-behaviour (1)",
    ]


def test_without_a_policy_every_label_says_whether_anything_is_violated(labels: Path) -> None:
    told = told_on(labels, None)
    everything = {"agreed": True, "most": False, "cleared": False, "other": True, "vague": True}
    assert dict(told.answers.iter_rows()) == everything
    assert told.contradictory == 1


def test_labels_that_name_no_policy_are_of_the_one_that_is_asked_about_alone(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("item_id,violates\na,yes\nb,no\n", encoding="utf-8")
    assert dict(told_on(path, "loud-music").answers.iter_rows()) == {"a": True, "b": False}
    among_others = told_on(path, "loud-music", beside=["hateful-behaviour"])
    assert dict(among_others.answers.iter_rows()) == {"b": False}
    assert among_others.nameless == 1


def test_a_no_that_its_labeller_took_back_is_none(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(
        "item_id,violates,policy,labeller,labelled_at\n"
        "back,no,,ann,2026-01-01T00:00:00Z\n"
        "back,yes,,ann,2026-01-02T00:00:00Z\n"
        "named,yes,loud-music,ann,2026-01-01T00:00:00Z\n"
        "stands,no,,ann,2026-01-01T00:00:00Z\n"
        "stands,yes,,ben,2026-01-02T00:00:00Z\n",
        encoding="utf-8",
    )
    told = told_on(path, "loud-music")
    assert dict(told.answers.iter_rows()) == {"named": True, "stands": False}
    assert told.nameless == 2


def test_a_policy_that_is_misspelt_is_named_with_what_is_meant(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("item_id,violates,policy\na,yes,loud-musik\nb,no,loud-musik\n", encoding="utf-8")
    told = told_on(path, "loud-music")
    assert told.answers.is_empty()
    assert told.notes() == ["2 labels of other policies: loud-musik (2). Did you mean 'loud-music'?"]

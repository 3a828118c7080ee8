"""Votes: one answer per item, from people who may come back to an item and correct themselves."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.measure.votes import ballots, latest, on_any_policy, on_policy
from tidegate.tables import LABELS

Row = tuple[bool, str | None, str | None, int | None]


def said(*rows: Row) -> pl.DataFrame:
    """Rows on one item: violates, policy, labeller, and the day of January on which it was said."""
    return pl.DataFrame(
        {
            "item_id": ["post"] * len(rows),
            "violates": [row[0] for row in rows],
            "policy": [row[1] for row in rows],
            "labeller": [row[2] for row in rows],
            "labelled_at": [None if day is None else datetime(2026, 1, day, tzinfo=UTC) for *_, day in rows],
        },
        schema=LABELS.schema,
    )


def answer(*rows: Row, policy: str | None = None) -> bool | None:
    found = ballots(said(*rows))
    votes = on_any_policy(found) if policy is None else on_policy(found, policy)
    return votes.answers["y"].item() if len(votes.answers) else None


def test_a_later_no_takes_back_an_earlier_yes() -> None:
    assert answer((True, None, "ann", 1), (False, None, "ann", 2)) is False
    assert answer((False, None, "ann", 2), (True, None, "ann", 1)) is False
    assert answer((False, None, "ann", 1), (True, None, "ann", 2)) is True


def test_a_correction_is_of_one_policy() -> None:
    rows: tuple[Row, ...] = (
        (True, "hate", "ann", 1),
        (True, "spam", "ann", 1),
        (False, "hate", "ann", 2),
    )
    assert answer(*rows, policy="hate") is False
    assert answer(*rows, policy="spam") is True
    assert answer(*rows) is True


def test_a_later_no_that_names_no_policy_takes_back_every_yes() -> None:
    assert answer((True, "hate", "ann", 1), (False, None, "ann", 2)) is False
    assert answer((True, "hate", "ann", 1), (False, None, "ann", 2), policy="hate") is False
    assert answer((False, None, "ann", 1), (True, "hate", "ann", 2)) is True


def test_nobody_corrects_somebody_else() -> None:
    assert answer((True, None, "ann", 1), (False, None, "bo", 2)) is None
    assert ballots(said((True, None, None, 1), (False, None, None, 2))).rows["voter"].n_unique() == 2


@pytest.mark.parametrize("times", [(None, None), (1, 1), (None, 1), (1, None)])
def test_where_nobody_knows_which_came_first_any_yes_counts(times: tuple[int | None, int | None]) -> None:
    assert answer((True, None, "ann", times[0]), (False, None, "ann", times[1])) is True


def test_labels_without_names_or_times_remain_as_they_are() -> None:
    rows = said((True, None, "ann", 1), (False, None, "ann", 2))
    for column in ("labeller", "labelled_at"):
        assert latest(rows.drop(column)).equals(rows.drop(column))
    assert len(latest(rows.drop("policy"))) == 1


@given(
    st.lists(
        st.tuples(
            st.booleans(),
            st.sampled_from([None, "hate", "spam"]),
            st.sampled_from(["ann", "bo"]),
            st.sampled_from([None, 1, 2, 3]),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_the_order_of_rows_never_matters_and_what_stands_stands(rows: list[Row]) -> None:
    stands = latest(said(*rows))
    assert latest(stands).equals(stands)
    assert answer(*rows) == answer(*reversed(rows))
    # Everybody who said something still says something.
    assert set(stands["labeller"]) == {row[2] for row in rows}

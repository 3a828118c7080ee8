"""Which slices are searched, and that their counts are right."""

from __future__ import annotations

from typing import Any

import numpy as np

from tidegate.measure.causes.search import candidates
from tidegate.measure.causes.significance import expected, observed, signed_root


def test_a_pair_holds_where_both_of_its_parts_do(labels: Any) -> None:
    slices = candidates(labels.clauses)
    matrix, members = labels.clauses.matrix.toarray(), slices.members.toarray()
    assert slices.pairs.sum() > 50
    for number in np.flatnonzero(slices.pairs)[::37]:
        one, other = slices.parts[number]
        assert ((matrix[:, one] & matrix[:, other]) == members[:, number]).all()
    assert (members.sum(axis=0) == slices.sizes).all()


def test_two_values_of_a_field_are_no_pair(labels: Any) -> None:
    slices = candidates(labels.clauses)
    for number in np.flatnonzero(slices.pairs):
        one, other = slices.described(int(number))
        assert one.field != other.field or one.field == "word"


def test_the_smallest_pairs_are_left_out_where_there_are_too_many(labels: Any) -> None:
    whole, few = candidates(labels.clauses), candidates(labels.clauses, most=20)
    assert few.pairs.sum() == 20
    assert few.sizes[few.pairs].min() >= np.sort(whole.sizes[whole.pairs])[-20]


def test_counts_of_errors_are_those_of_the_members(labels: Any) -> None:
    slices = candidates(labels.clauses)
    errors = np.random.default_rng(0).random(len(labels.fields)) < 0.1
    seen = observed(slices, np.flatnonzero(errors))
    assert (seen == slices.members.toarray()[errors].sum(axis=0)).all()
    assert (observed(slices, np.empty(0, dtype=np.intp)) == 0).all()
    due = expected(slices, errors, np.zeros(len(errors), dtype=np.intp))
    assert np.allclose(due, slices.sizes * errors.mean())


def test_the_root_is_zero_where_errors_are_as_due_and_grows_with_them() -> None:
    sizes, due = np.full(5, 100.0), np.full(5, 4.0)
    roots = signed_root(np.array([0.0, 4.0, 8.0, 12.0, 100.0]), due, sizes, 400, 10_000)
    assert roots[0] < 0
    assert roots[1] == 0
    assert (np.diff(roots) > 0).all()

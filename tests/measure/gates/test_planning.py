"""How long a gate will take, asked before it opens."""

from __future__ import annotations

import numpy as np
import pytest

from tidegate.measure.gates import Criterion, GateSettings, Reviewers, labels_to_answer
from tidegate.measure.gates.designs import gate_plans
from tidegate.measure.gates.planning import Draws
from tidegate.measure.planning import binormal

OVERKILL = Criterion("overkill_rate", 0.05)
GATE = GateSettings((OVERKILL,))


def test_a_doubled_error_is_stopped_near_the_physical_limit() -> None:
    found = labels_to_answer(GATE, OVERKILL, 0.10)
    assert found.labels is not None
    assert found.labels < 1.3 * 145
    assert found.roll_back == 1.0


def test_a_better_arm_is_recognised_sooner() -> None:
    perfect, good = (labels_to_answer(GATE, OVERKILL, rate).labels for rate in (0.0, 0.02))
    assert perfect is not None
    assert good is not None
    assert perfect < good


def test_an_arm_at_its_limit_gets_no_answer_within_a_budget() -> None:
    found = labels_to_answer(GateSettings((OVERKILL,), budget=500), OVERKILL, 0.05)
    assert found.labels is None
    assert found.futile
    assert found.within == 500


def test_fallible_reviewers_make_it_longer() -> None:
    leakage = Criterion("leakage_rate", 0.05)
    fallible = Criterion("leakage_rate", 0.05, reviewers=Reviewers((0.8, 0.9), (0.99, 1.0)))
    sure, unsure = (labels_to_answer(GateSettings((one,)), one, 0.02).labels for one in (leakage, fallible))
    assert sure is not None
    assert unsure is not None
    assert sure < unsure


@pytest.mark.parametrize("change", [-0.02, 0.02])
def test_changes_can_be_planned_too(change: float) -> None:
    criterion = Criterion("overkill_change", 0.0, share=0.05, net=0.0)
    found = labels_to_answer(GateSettings((criterion,)), criterion, change)
    assert found.labels is not None
    assert (found.advance > 0.9) == (change < 0)


def test_a_change_without_disagreements_will_not_answer() -> None:
    criterion = Criterion("overkill_change", 0.0, share=0.0, net=0.0)
    found = labels_to_answer(GateSettings((criterion,), budget=500), criterion, 0.0)
    assert found.labels is None
    assert found.futile


def test_kinds_that_are_drawn_alike_take_as_long_as_one_kind() -> None:
    items, rate = np.array([900.0, 100.0]), np.array([0.05, 0.55])
    mixed = labels_to_answer(GATE, OVERKILL, 0.10, draws=Draws.of(items, rate, np.full(2, 0.3)))
    alone = labels_to_answer(GATE, OVERKILL, 0.10)
    assert mixed.labels == pytest.approx(alone.labels, rel=0.25)


def test_drawing_where_the_errors_are_stops_a_bad_arm_sooner() -> None:
    items, rate = np.array([900.0, 100.0]), np.array([0.0, 1.0])
    drawn = labels_to_answer(GATE, OVERKILL, 0.10, draws=Draws.of(items, rate, np.array([0.1, 0.9])))
    alike = labels_to_answer(GATE, OVERKILL, 0.10, draws=Draws.of(items, rate, np.array([0.1, 0.1])))
    assert drawn.labels is not None
    assert alike.labels is not None
    assert drawn.labels < alike.labels


@pytest.mark.parametrize(("prevalence", "saves"), [(0.005, 1.1), (0.02, 2.0)])
def test_a_good_score_saves_labels_of_a_gate_and_most_where_the_arm_is_bad(
    prevalence: float, saves: float
) -> None:
    plans = {plan.design: plan.labels for plan in gate_plans(binormal(1_000_000, prevalence, 0.98), 0.01)}
    fixed, score = plans["fixed rate"], plans["proportional to √risk"]
    assert fixed is not None
    assert score is not None
    assert fixed > saves * score

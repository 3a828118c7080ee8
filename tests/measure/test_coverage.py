"""The promise: a nominal 95 % interval holds the truth in at least 94 % of audits, in every design."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
REPETITIONS = 400
# Three standard errors of the simulation below the promise.
LEAST = 0.94 - 3 * np.sqrt(0.06 * 0.94 / REPETITIONS)


@pytest.fixture(autouse=True)
def _benchmarks_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))


@pytest.mark.slow
@pytest.mark.parametrize("weight", ["item", "view"])
@pytest.mark.parametrize("design", [None, 0.8, 0.9, 0.96, 0.0])
@pytest.mark.parametrize("labels", [500, 2000])
def test_rates_hold_at_every_prevalence(weight: str, design: float | None, labels: int) -> None:
    from benchmarks.measure.simulate import audits, rates, world

    rng = np.random.default_rng(labels)
    for prevalence in (0.02, 0.005, 0.002, 0.0005):
        people = world(rng, 50_000, prevalence, labels, design, views=weight == "view")
        limits = rates(people, list(audits(rng, people, REPETITIONS)))
        assert limits.coverage(people.truth) >= LEAST, prevalence


@pytest.mark.slow
@pytest.mark.parametrize("prevalence", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("labels", [30, 200])
def test_rates_hold_where_the_error_is_common(prevalence: float, labels: int) -> None:
    from benchmarks.measure.simulate import audits, rates, world

    rng = np.random.default_rng(7)
    for auc, views in ((None, False), (None, True), (0.8, False), (0.8, True)):
        people = world(rng, 2000, prevalence, labels, auc, views=views)
        limits = rates(people, list(audits(rng, people, REPETITIONS)))
        assert limits.coverage(people.truth) >= LEAST, (auc, views)


@pytest.mark.slow
@pytest.mark.parametrize("chance", [0.02, 0.1, 0.3, 0.5])
def test_rates_hold_where_chances_are_high_and_nearly_equal(chance: float) -> None:
    from benchmarks.measure.simulate import World, audits, rates

    rng = np.random.default_rng(23)
    p = chance * np.where(np.arange(2000) % 2, 1.0, 0.97)
    for found in (2, 5, 9, 14):
        people = World(np.arange(2000) < found / chance, np.ones(2000), p)
        limits = rates(people, list(audits(rng, people, REPETITIONS)))
        assert limits.coverage(people.truth) >= LEAST, found


@pytest.mark.slow
@pytest.mark.parametrize("views", [False, True])
def test_shares_hold(views: bool) -> None:
    from benchmarks.measure.simulate import audited_cells, audits, tidegate, world

    from tidegate.measure.parts import Part, share

    rng = np.random.default_rng(11)
    for labels in (500, 2000):
        passed = world(rng, 50_000, 0.004, labels, 0.9, views=views)
        stopped = world(rng, 2000, 0.9, 60, None, views=views)
        inside = audited_cells(passed, audits(rng, passed, REPETITIONS))
        outside = audited_cells(stopped, audits(rng, stopped, REPETITIONS))
        for bad in (0, 1):
            parts = [
                [Part(one, share(bad, inside=bool(bad))), Part(other, share(bad, inside=not bad))]
                for one, other in zip(inside, outside, strict=True)
            ]
            totals = [people.weight[people.y == bool(bad)].sum() for people in (passed, stopped)]
            truth = totals[1 - bad] / sum(totals)
            assert tidegate(parts).coverage(truth) >= LEAST, (labels, bad)


@pytest.mark.slow
@pytest.mark.parametrize("ratio", [1.0, 3.0, 30.0, 1000.0])
def test_limits_hold_wherever_the_violations_hide(ratio: float) -> None:
    """Violations in two bands of weight / probability, `ratio` apart, in every mixture."""
    from tidegate.measure.gammasums import chance_at_most_zero

    rng = np.random.default_rng(5)
    draws = 8_000
    for total in (0.3, 1.0, 3.0, 3.7, 5.0, 10.0, 30.0):
        for hidden in np.linspace(0, 1, 6):
            light = rng.poisson((1 - hidden) * total * ratio, draws).astype(float)
            heavy = rng.poisson(hidden * total, draws).astype(float)
            scale = np.tile([1.0, ratio], (draws, 1))
            for extra, missed_where in (
                (1.0, lambda chance: chance >= 0.975),
                (0.0, lambda chance: chance <= 0.025),
            ):
                shape = np.column_stack([light, heavy + extra])
                chance, _ = chance_at_most_zero(
                    np.where(shape > 0, scale, 0.0), np.maximum(shape, 1e-9), np.full(draws, -total * ratio)
                )
                found = shape.sum(axis=1) > 0
                missed = np.mean(missed_where(chance) & found)
                assert missed <= 0.025 + 3 * np.sqrt(0.025 / draws), (total, hidden, extra)


@pytest.mark.slow
@pytest.mark.parametrize("ratio", [1.0, 1.25, 2.0, 3.0, 5.0, 8.0])
def test_two_weights_are_missed_no_more_often_than_one(ratio: float) -> None:
    """Poisson counts of items of weight 1 and of weight 1 / ratio, all of them enumerated."""
    from scipy.stats import poisson

    from tidegate.measure.limits import Evidence, two_sided

    light, heavy = (
        np.ravel(grid) for grid in np.meshgrid(np.arange(1 + 45 * (ratio > 1) * ratio), np.arange(26))
    )
    whole = 1_000.0

    def counted(few: float, many: float) -> Evidence:
        terms = [[weight, 0.0, count] for weight, count in ((1 / ratio, few), (1.0, many)) if count]
        return Evidence(
            terms=np.array(terms).reshape(-1, 3),
            known=np.array([0.0, whole]),
            either=np.empty((0, 4)),
            unseen=np.array([[0.0, 0.0, 1.0, 0.0]]),
        )

    low, high = two_sided([counted(*pair) for pair in zip(light, heavy, strict=True)], 0.05, 0.0, 1.0)
    worst = 0.0
    for of_heavy in np.linspace(0.1, 12, 60):
        chance = poisson.pmf(heavy, of_heavy)
        for of_light in np.array([0, 0.5, 1, 2, 4, 8, 16]) * max(1.0, ratio / 3) * (ratio > 1):
            total = (of_heavy + of_light / ratio) / whole
            missed = (high < total - 1e-9) | (low > total + 1e-9)
            worst = max(worst, float((chance * poisson.pmf(light, of_light))[missed].sum()))
    assert 0.04 < worst <= 0.058


@pytest.mark.slow
def test_differences_of_two_arms_hold_in_every_design() -> None:
    from benchmarks.measure.bench_differences import results

    repetitions = 100
    for one in results(repetitions):
        assert one.coverage >= 0.94 - 3 * np.sqrt(0.06 * 0.94 / repetitions), one


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["risk", "strata", "stream"])
@pytest.mark.parametrize("prevalence", [0.02, 0.002])
def test_designs_by_risk_hold_with_and_without_the_prediction(kind: str, prevalence: float) -> None:
    from benchmarks.measure.simulate import audits, rates, world

    rng = np.random.default_rng(17)
    people = world(rng, 50_000, prevalence, 2000, 0.96, views=False, kind=kind)
    samples = list(audits(rng, people, REPETITIONS))
    for seen in (people, people.without_score()):
        assert rates(seen, samples).coverage(people.truth) >= LEAST

"""Confidence limits: exact where theory is exact, indifferent to unit and order, and sane at every edge."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tidegate.measure.cells import Cell, Seen, Whole, band_of, cell
from tidegate.measure.gammasums import chance_at_most_zero
from tidegate.measure.hypergeometric import hypergeometric_limits
from tidegate.measure.limits import two_sided, upper_limits
from tidegate.measure.parts import Part, certainty, evidence, rate, share

ALPHA = 0.05


def audited(
    weight: np.ndarray, p: np.ndarray, y: np.ndarray, drawn: np.ndarray, response: float = 1.0
) -> Cell:
    """A cell of items (n,) of which `drawn` (n,) were audited; only a share of them answered."""
    order = np.argsort(weight / p, kind="stable")
    whole = Whole(
        weight=weight[order],
        chance=p[order],
        heaviest=(weight / p)[order],
        sure=(p >= 1)[order],
        items=len(weight),
        audited=round(drawn.sum() / response),
        one_probability=bool(np.ptp(p) == 0),
    )
    return cell(whole, Seen(y[drawn], weight[drawn], p[drawn]), ALPHA)


def interval(*parts: Part) -> tuple[float, float]:
    low, high = two_sided([evidence(parts)], ALPHA, 0.0, 1.0)
    least, most = two_sided([certainty(parts)], ALPHA, 0.0, 1.0)
    return max(low[0], least[0]), min(high[0], most[0])


def some_population(seed: int, n: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    weight = np.ceil(rng.pareto(1.5, n) * 5) + 1
    p = np.clip(rng.beta(0.5, 3, n), 0.02, 1.0)
    return weight, p, rng.random(n) < 0.2, rng.random(n) < p


class TestChanceOfASum:
    @pytest.mark.parametrize(("found", "others"), [(1, 500), (4, 10), (1, 3), (30, 30), (200, 1)])
    @pytest.mark.parametrize("level", [0.005, 0.025, 0.5, 0.975, 0.995])
    def test_agrees_with_the_beta_distribution(self, found: int, others: int, level: float) -> None:
        at = stats.beta.ppf(level, found, others)
        scale, shape = np.array([[1 - at, -at]]), np.array([[found, others]], dtype=float)
        chance, _ = chance_at_most_zero(scale, shape, np.zeros(1))
        assert chance[0] == pytest.approx(level, abs=0.003)

    def test_agrees_with_simulation_for_mixed_scales_and_a_constant(self) -> None:
        rng = np.random.default_rng(0)
        scale, shape = np.array([[1.0, 20.0, -0.5, -3.0]]), np.array([[5.0, 1.0, 30.0, 2.5]])
        sums = (rng.gamma(shape, size=(400_000, 4)) * scale).sum(axis=1)
        for constant in (-60.0, -10.0, 0.0, 25.0):
            chance, _ = chance_at_most_zero(scale, shape, np.array([constant]))
            assert chance[0] == pytest.approx(np.mean(sums + constant <= 0), abs=0.006)

    @pytest.mark.parametrize("unit", [1e-12, 1.0, 1e9])
    def test_the_unit_does_not_matter(self, unit: float) -> None:
        scale, shape = np.array([[1.0, 3.0]]), np.array([[2.0, 1.0]])
        expected, _ = chance_at_most_zero(scale, shape, np.array([-9.0]))
        assert chance_at_most_zero(scale * unit, shape, np.array([-9.0 * unit]))[0] == pytest.approx(expected)

    def test_sums_without_chance_are_certain(self) -> None:
        nothing, shape = np.zeros((3, 1)), np.ones((3, 1))
        chance, _ = chance_at_most_zero(nothing, shape, np.array([-1.0, 0.0, 1.0]))
        assert chance.tolist() == [1.0, 1.0, 0.0]
        one_sided, _ = chance_at_most_zero(np.array([[2.0], [-2.0]]), shape[:2], np.zeros(2))
        assert one_sided.tolist() == [0.0, 1.0]


class TestHypergeometric:
    @settings(max_examples=200)
    @given(st.data())
    def test_inverts_the_two_one_sided_tests(self, data: st.DataObject) -> None:
        population = data.draw(st.integers(1, 300))
        sample = data.draw(st.integers(1, population))
        found = data.draw(st.integers(0, sample))
        low, high = hypergeometric_limits(population, sample, found, ALPHA)
        assert found <= low <= high <= population - (sample - found)

        def at_most(count: int) -> float:
            return float(stats.hypergeom.cdf(found, population, count, sample))

        def at_least(count: int) -> float:
            return float(stats.hypergeom.sf(found - 1, population, count, sample))

        tail, rounding = ALPHA / 2, 1e-9
        assert at_most(high) > tail - rounding
        assert high == population - (sample - found) or at_most(high + 1) <= tail + rounding
        assert at_least(low) > tail - rounding
        assert low == found or at_least(low - 1) <= tail + rounding

    def test_of_a_census_nothing_is_left_to_doubt(self) -> None:
        assert hypergeometric_limits(50, 50, 7, ALPHA) == (7, 7)

    def test_in_a_large_population_it_is_clopper_pearson(self) -> None:
        low, high = hypergeometric_limits(10_000_000, 500, 3, ALPHA)
        assert low / 1e7 == pytest.approx(stats.beta.ppf(0.025, 3, 498), rel=1e-3)
        assert high / 1e7 == pytest.approx(stats.beta.ppf(0.975, 4, 497), rel=1e-3)


class TestRatio:
    @pytest.mark.parametrize("found", [0, 1, 5, 100, 499, 500])
    def test_with_equal_weights_and_small_probabilities_the_exact_limits_are_clopper_pearsons(
        self, found: int
    ) -> None:
        n, labels = 5_000_000, 500
        whole = Whole(
            weight=np.array([float(n)]),
            chance=np.array([float(labels)]),
            heaviest=np.array([n / labels]),
            sure=np.array([False]),
            items=n,
            audited=labels,
            one_probability=True,
        )
        y = np.arange(labels) < found
        part = Part(cell(whole, Seen(y, np.ones(labels), np.full(labels, labels / n)), ALPHA), rate(1))
        seen = evidence([part])
        high = upper_limits([seen], ALPHA / 2, 0.0, 1.0)[0]
        low = -upper_limits([seen.negated()], ALPHA / 2, -1.0, 0.0)[0]
        exact_low = stats.beta.ppf(0.025, found, labels - found + 1) if found else 0.0
        exact_high = stats.beta.ppf(0.975, found + 1, labels - found) if found < labels else 1.0
        assert low == pytest.approx(exact_low, rel=0.01, abs=1e-5)
        assert high == pytest.approx(exact_high, rel=0.01)

    @pytest.mark.parametrize("found", [0, 1, 5, 100])
    def test_the_two_sided_interval_lies_within_the_exact_one(self, found: int) -> None:
        n, labels = 100_000, 500
        p, y = np.full(n, labels / n), np.zeros(n, dtype=bool)
        y[:found] = True
        low, high = interval(Part(audited(np.ones(n), p, y, np.arange(n) < labels), rate(1)))
        assert low >= (stats.beta.ppf(0.025, found, labels - found + 1) if found else 0.0) * 0.95
        # The mid-P limit lies below the exact one, and not below what fewer than half an item would allow.
        assert (
            stats.gamma.ppf(0.95, found + 0.5) / labels
            <= high
            <= stats.beta.ppf(0.975, found + 1, labels - found)
        )

    @settings(max_examples=25, deadline=None)
    @given(st.integers(0, 10_000), st.sampled_from([1e-9, 0.37, 1e9]))
    def test_weights_in_another_unit_give_the_same_limits(self, seed: int, unit: float) -> None:
        weight, p, y, drawn = some_population(seed)
        before = interval(Part(audited(weight, p, y, drawn), rate(1)))
        assert interval(Part(audited(weight * unit, p, y, drawn), rate(1))) == pytest.approx(before, rel=1e-4)

    @settings(max_examples=25, deadline=None)
    @given(st.integers(0, 10_000))
    def test_the_order_of_items_does_not_matter(self, seed: int) -> None:
        weight, p, y, drawn = some_population(seed)
        order = np.random.default_rng(seed).permutation(len(y))
        before = interval(Part(audited(weight, p, y, drawn), rate(1)))
        after = interval(Part(audited(weight[order], p[order], y[order], drawn[order]), rate(1)))
        assert after == pytest.approx(before, rel=1e-6)

    @settings(max_examples=25, deadline=None)
    @given(st.integers(0, 10_000))
    def test_the_rate_of_the_other_label_is_the_complement(self, seed: int) -> None:
        weight, p, y, drawn = some_population(seed)
        one = audited(weight, p, y, drawn)
        low, high = interval(Part(one, rate(1)))
        assert interval(Part(one, rate(0))) == pytest.approx((1 - high, 1 - low), abs=1e-6)

    @settings(max_examples=25, deadline=None)
    @given(st.integers(0, 10_000))
    def test_one_more_violation_never_lowers_a_limit(self, seed: int) -> None:
        weight, p, y, drawn = some_population(seed)
        more = y.copy()
        more[np.flatnonzero(drawn & ~y)[:1]] = True
        before = interval(Part(audited(weight, p, y, drawn), rate(1)))
        after = interval(Part(audited(weight, p, more, drawn), rate(1)))
        # Variables of nearly the same scale are merged, and another label merges others: see cells.MERGED.
        assert after[0] >= before[0] * (1 - 1e-3)
        assert after[1] >= before[1] * (1 - 1e-3)

    @pytest.mark.parametrize("answer", [True, False])
    def test_when_all_labels_agree_one_end_stays_at_the_edge(self, answer: bool) -> None:
        weight, p, y, drawn = some_population(1)
        low, high = interval(Part(audited(weight, p, np.full_like(y, answer), drawn), rate(1)))
        # Items of probability 1 were all seen, so "the edge" is what is certain.
        assert (high > 1 - 1e-6) if answer else (low < 1e-6)
        assert 0 <= low < high <= 1

    def test_one_label_says_little_but_something(self) -> None:
        n = 100
        drawn = np.arange(n) == 0
        low, high = interval(Part(audited(np.ones(n), np.full(n, 0.01), drawn, drawn), rate(1)))
        assert low == pytest.approx(0.01, abs=0.02)
        assert high == 1.0

    def test_no_label_says_nothing(self) -> None:
        n = 100
        nobody = np.zeros(n, dtype=bool)
        assert interval(Part(audited(np.ones(n), np.full(n, 0.01), nobody, nobody), rate(1))) == (0.0, 1.0)

    def test_when_all_are_labelled_the_interval_is_a_point(self) -> None:
        weight, _, y, _ = some_population(2)
        everybody = np.ones(len(y), dtype=bool)
        exact = weight[y].sum() / weight.sum()
        assert interval(Part(audited(weight, np.ones(len(y)), y, everybody), rate(1))) == pytest.approx(
            (exact, exact)
        )

    def test_items_without_weight_change_nothing(self) -> None:
        weight, p, y, drawn = some_population(3)
        before = interval(Part(audited(weight, p, y, drawn), rate(1)))
        weight, p = np.append(weight, np.zeros(50)), np.append(p, np.full(50, 0.3))
        y, drawn = np.append(y, np.ones(50, dtype=bool)), np.append(drawn, np.arange(50) < 15)
        assert interval(Part(audited(weight, p, y, drawn), rate(1))) == pytest.approx(before, rel=1e-6)

    def test_a_single_item_of_a_billion_views_is_allowed_either_label(self) -> None:
        weight, p, y, drawn = some_population(4)
        weight, p = np.append(weight, 1e9), np.append(p, 0.001)
        y, drawn = np.append(y, False), np.append(drawn, False)
        low, high = interval(Part(audited(weight, p, y, drawn), rate(1)))
        assert low < 0.01
        assert high > 0.99

    def test_a_share_needs_items_of_the_kind(self) -> None:
        weight, p, y, drawn = some_population(5)
        none = np.zeros_like(y)
        inside, outside = audited(weight, p, none, drawn), audited(weight, p, none, drawn)
        parts = [Part(inside, share(1, inside=True)), Part(outside, share(1, inside=False))]
        assert interval(*parts) == pytest.approx((0.0, 1.0))

    def test_a_share_and_the_share_of_the_rest_add_up(self) -> None:
        first, second = (audited(*some_population(seed)) for seed in (6, 7))
        low, high = interval(Part(first, share(1, inside=True)), Part(second, share(1, inside=False)))
        swapped = interval(Part(first, share(1, inside=False)), Part(second, share(1, inside=True)))
        assert swapped == pytest.approx((1 - high, 1 - low), abs=1e-6)

    def test_missing_answers_widen_the_interval(self) -> None:
        weight, p, y, drawn = some_population(8)
        half = drawn & (np.arange(len(y)) % 2 == 0)
        low, high = interval(Part(audited(weight, p, y, drawn), rate(1)))
        fewer = interval(Part(audited(weight, p, y, half, response=0.5), rate(1)))
        assert fewer[1] - fewer[0] > high - low


def test_weightless_items_lie_in_the_lowest_band() -> None:
    assert (np.diff(band_of(np.array([0.0, 1e-9, 1.0, 1.2, 1e12]))) > 0).all()

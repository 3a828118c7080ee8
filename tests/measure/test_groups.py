"""Two groups of people: intervals that hold for few people and any values between known limits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta

from tidegate.errors import MeasureError
from tidegate.measure.groups import effect


def test_of_yes_and_no_the_limits_of_a_mean_are_those_of_clopper_and_pearson() -> None:
    found = effect([1.0] * 3 + [0.0] * 9, [0.0] * 12, (0.0, 1.0))
    assert found.on.low == pytest.approx(beta.ppf(0.025, 3, 10), rel=2e-3)
    assert found.on.high == pytest.approx(beta.ppf(0.975, 4, 9), rel=2e-3)
    assert (found.off.low, found.off.estimate) == pytest.approx((0.0, 0.0), abs=1e-6)


def test_the_unit_is_that_of_the_values_and_groups_may_be_swapped() -> None:
    one, other = [2.0, 4.0, 9.0], [1.0, 0.0, 3.0, 5.0]
    found, back = effect(one, other, (0.0, 10.0)), effect(other, one, (0.0, 10.0))
    scaled = effect([value / 10 for value in one], [value / 10 for value in other], (0.0, 1.0))
    assert found.estimate == pytest.approx(2.75)
    assert (found.low, found.high) == pytest.approx((10 * scaled.low, 10 * scaled.high), abs=1e-5)
    assert (back.low, back.high) == pytest.approx((-found.high, -found.low), abs=1e-5)
    assert found.low < found.estimate < found.high


@pytest.mark.parametrize(("on", "off"), [([], [1.0]), ([1.0], []), ([11.0], [1.0]), ([1.0], [-0.1])])
def test_what_cannot_be_compared_is_refused(on: list[float], off: list[float]) -> None:
    with pytest.raises(MeasureError):
        effect(on, off, (0.0, 10.0))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("people", "shape"), [(10, (2, 2)), (10, (0.3, 1.5)), (10, (0.2, 6)), (30, (0.3, 1.5))]
)
def test_intervals_cover_the_difference_of_small_groups(people: int, shape: tuple[float, float]) -> None:
    """400 trials of groups that do not differ; 95 % intervals."""
    rng = np.random.default_rng(people)
    hit = 0
    for _ in range(400):
        values = np.round(rng.beta(*shape, size=(2, people)) * 10) / 10
        found = effect(list(values[0]), list(values[1]), (0.0, 1.0))
        hit += found.low <= 0.0 <= found.high
    assert hit >= 380

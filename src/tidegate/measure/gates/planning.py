"""Before a gate opens: how many labels it will take, if the arm is as one hopes, or fears."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegate.measure.gates.evidence import Evidence
from tidegate.measure.gates.forecast import PATHS, play
from tidegate.measure.gates.scale import shown, stakes
from tidegate.measure.gates.settings import Criterion, GateSettings
from tidegate.measure.gates.verdict import Forecast

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Draws:
    """What the next label is of, where labels are drawn with unequal probabilities.

    (kinds,) the chance that it is of an item of this kind; the rate of errors in the kind; and the weight
    1 / probability, as a share of the heaviest.
    """

    chance: Floats
    rate: Floats
    weight: Floats

    @classmethod
    def of(cls, items: Floats, rate: Floats, p: Floats) -> Draws:
        """(kinds,) numbers of items, their rates, and the probabilities with which each of them is drawn."""
        return cls(items * p / (items @ p), rate, p.min() / p)


def labels_to_answer(
    settings: GateSettings,
    criterion: Criterion,
    value: float,
    *,
    within: int = 20_000,
    paths: int = PATHS,
    draws: Draws | None = None,
) -> Forecast:
    """What a gate will say of an arm whose true rate (or change) is `value`, and after how many labels.

    By simulation, with a look after every label, and reviewers in the middle of their bounds. Of a change it
    takes every disagreement to be an error of one side, the slowest case.

    Args:
        within: labels to look ahead; the budget of the settings where that is less.
        draws: the kinds of items that labels are of, whose mean rate is `value`; without it, labels are drawn
            at a fixed rate.
    """
    horizon = min(within, settings.budget or within)
    if not criterion.testable:
        return Forecast(None, None, 0.0, 0.0, horizon, futile=settings.budget is not None)
    if draws is None:
        draws = Draws(np.ones(1), np.array([value]), np.ones(1))
    plan = stakes(criterion, settings.to_advance, float(draws.chance @ draws.weight))
    middle = criterion.reviewers.middle(criterion.about_overkill)
    mean = np.array([shown(criterion, float(rate), *middle) for rate in draws.rate])
    ends = np.cumsum(draws.chance)[:-1]
    rng = np.random.default_rng(settings.seed)

    def steps() -> Iterator[tuple[Floats, Floats]]:
        for _ in range(horizon):
            kind = np.searchsorted(ends, rng.random(paths), side="right")
            yield (rng.random(paths) < mean[kind]).astype(np.float64), draws.weight[kind]

    answers = play(Evidence(plan, paths), steps(), settings.to_advance, settings.to_roll_back)
    median = float(np.median(answers.first))
    return Forecast(
        labels=int(median) if np.isfinite(median) else None,
        days=None,
        advance=float(np.isfinite(answers.advance).mean()),
        roll_back=float(np.isfinite(answers.roll_back).mean()),
        within=horizon,
        futile=settings.budget is not None and not np.isfinite(median),
    )

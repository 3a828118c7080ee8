"""Before a gate opens: how many labels it will take, if the arm is as one hopes, or fears."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from tidegate.measure.gates.evidence import Evidence
from tidegate.measure.gates.forecast import PATHS, play
from tidegate.measure.gates.scale import shown, stakes
from tidegate.measure.gates.settings import Criterion, GateSettings
from tidegate.measure.gates.verdict import Forecast

Floats = npt.NDArray[np.float64]


def labels_to_answer(
    settings: GateSettings, criterion: Criterion, value: float, *, within: int = 20_000, paths: int = PATHS
) -> Forecast:
    """What a gate will say of an arm whose true rate (or change) is `value`, and after how many labels.

    By simulation, with a look after every label, labels drawn at a fixed rate, and reviewers in the middle of
    their bounds. Of a change it takes every disagreement to be an error of one side, the slowest case.

    Args:
        within: labels to look ahead; the budget of the settings where that is less.
    """
    plan = stakes(criterion, settings.to_advance)
    mean = shown(criterion, value, *criterion.reviewers.middle(criterion.about_overkill))
    rng = np.random.default_rng(settings.seed)
    horizon = min(within, settings.budget or within)

    def steps() -> Iterator[tuple[Floats, Floats]]:
        for _ in range(horizon):
            yield (rng.random(paths) < mean).astype(np.float64), np.ones(paths)

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

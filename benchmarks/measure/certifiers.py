"""Three ways to two certified thresholds from the same labels: Tidegate's, fixed ones, and MAPIE's."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegate.measure.certificates.chain import chains
from tidegate.measure.certificates.choice import pairs, tightened
from tidegate.measure.certificates.limits import Limit
from tidegate.measure.certificates.pvalues import p_values, shown
from tidegate.measure.certificates.sample import Floats, Sample, Sets, ground

Limits = tuple[Limit, Limit]
Thresholds = tuple[float, float]
"""Act from the first, let pass below the second."""

NEVER = (np.inf, -np.inf)
STEPS = 200
FIXED_ACTS = 0.95


def shares(steps: int = STEPS, coarse: float = 0.05) -> Floats:
    """Sizes of sets from none to all, finer where a set is small or nearly everything."""
    half = coarse * np.expm1(np.linspace(0, np.log1p(0.5 / coarse), steps // 2 + 1))
    return np.concatenate([half[1:], 1 - half[-2:0:-1]])


@dataclass(frozen=True)
class Traffic:
    """Items with their scores and chances of a label, and what is to be certified of them."""

    score: Floats
    p: Floats
    limits: Limits
    delta: float


@dataclass(frozen=True)
class Draw:
    """Labels of some of the items, by position."""

    items: npt.NDArray[np.int64]
    sample: Sample


Certifier = Callable[[Draw], Thresholds]


def ours(traffic: Traffic) -> Certifier:
    """Both families from careful to bold, and the pair that automates most; what the labels do not touch is
    worked out once."""
    passes = np.unique(np.quantile(traffic.score, shares()))
    acts = passes[::-1]
    nothing = np.zeros((1, len(traffic.score)), dtype=bool)
    acting, passing = traffic.score[None] >= acts[:, None], traffic.score[None] < passes[:, None]
    grounds = ground(traffic.p, acting), ground(traffic.p, passing)
    limits = [tightened(limit) for limit in traffic.limits]
    # One more candidate of each kind: to do nothing without a person.
    left, right = np.concatenate([nothing, acting]), np.concatenate([nothing, passing])
    table = pairs(left, np.ones(len(left), dtype=bool), right, np.ones(len(right), dtype=bool))

    def certify(draw: Draw) -> Thresholds:
        score = traffic.score[draw.items]
        families = [
            (Sets(grounds[0], score[None] >= acts[:, None]), limits[0]),
            (Sets(grounds[1], score[None] < passes[:, None]), limits[1]),
        ]
        found = chains(draw.sample, families, traffic.delta)
        may_act, may_pass = (np.concatenate([[True], one.certified]) for one in found)
        best = next(pair for pair in table if may_act[pair.acts] and may_pass[pair.passes])
        return (
            float(acts[best.acts - 1]) if best.acts else NEVER[0],
            float(passes[best.passes - 1]) if best.passes else NEVER[1],
        )

    return certify


def fixed(traffic: Traffic) -> Certifier:
    """Act from 0.95, let pass what is as likely to violate as the limit allows; each tested once."""
    overkill, leakage = traffic.limits
    acting, passing = traffic.score >= FIXED_ACTS, traffic.score < leakage.at_most
    cases = [
        (overkill, acting, ground(traffic.p, acting[None]), FIXED_ACTS, NEVER[0]),
        (leakage, passing, ground(traffic.p, passing[None]), leakage.at_most, NEVER[1]),
    ]

    def certify(draw: Draw) -> Thresholds:
        chosen = []
        for limit, inside, of, value, never in cases:
            seen = shown(draw.sample, Sets(of, inside[draw.items][None]), limit, traffic.delta / 2)
            chosen.append(value if p_values(seen, limit)[0] <= traffic.delta / 2 else never)
        return chosen[0], chosen[1]

    return certify


def mapie(traffic: Traffic, starts: int = 0) -> Certifier | None:
    """MAPIE's controllers, one per limit at half the error each; None where MAPIE is not installed.

    With Holm's correction, as MAPIE has it unless told, or with its fixed sequences from so many starts. One
    controller for both limits would give up wherever acting cannot be certified.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from mapie.risk_control import BinaryClassificationController, BinaryRisk
            from mapie.risk_control.fwer_control import FWERFixedSequenceTesting
    except ImportError:
        return None

    def right_among(answer: int) -> Any:
        return BinaryRisk(lambda y, said: y == said, lambda _, said: said == answer, higher_is_better=True)

    def share_of(answer: int) -> Any:
        return BinaryRisk(
            lambda _, said: said == answer, lambda y, _: np.ones(len(y), dtype=bool), higher_is_better=True
        )

    levels = np.unique(np.quantile(traffic.score, shares()))
    # From careful to bold, as fixed sequences need it.
    tasks = zip(traffic.limits, (1, 0), (levels[::-1], levels), NEVER, strict=True)
    controllers = [
        (
            BinaryClassificationController(
                lambda x: np.column_stack([1 - x, x]),
                right_among(answer),
                1 - limit.at_most,
                confidence_level=1 - traffic.delta / 2,
                best_predict_param_choice=share_of(answer),
                list_predict_params=ladder,
                fwer_method=FWERFixedSequenceTesting(starts) if starts else "bonferroni_holm",
            ),
            never,
        )
        for limit, answer, ladder, never in tasks
    ]

    def certify(draw: Draw) -> Thresholds:
        chosen = []
        for controller, never in controllers:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                controller.calibrate(traffic.score[draw.items], draw.sample.violates.astype(int))
            best = controller.best_predict_param
            chosen.append(never if best is None else float(best))
        return chosen[0], chosen[1]

    return certify

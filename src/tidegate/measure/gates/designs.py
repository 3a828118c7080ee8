"""How many labels a gate will take under each audit design, and which is the cheapest."""

from __future__ import annotations

from dataclasses import dataclass

from tidegate.measure.gates.planning import Draws, labels_to_answer
from tidegate.measure.gates.settings import Criterion, GateSettings
from tidegate.measure.planning import DESIGNS, FIXED, Risk

FLOORS = (0.35, 0.65, 0.9)
"""Shares of the budget tried as a floor: low ones stop a bad arm soon, high ones launch a good one."""

_FARTHEST = 50
"""Labels to look ahead, times the limit: an arm at half the limit needs 16."""


@dataclass(frozen=True)
class GatePlan:
    """What a gate needs under one design: labels in half of all gates (None: no answer among `within`)."""

    design: str
    labels: int | None
    floor_share: float
    within: int


def gate_plans(risk: Risk, limit: float, *, error: float = 0.05) -> list[GatePlan]:
    """Per design the labels until a gate on the leakage rate answers, cheapest first.

    A look after every label, by simulation; see `labels_to_answer`.

    Args:
        risk: of what passes; its prevalence is the true rate.
        limit: of the gate.
        error: the chance of a false launch, and of a false roll back.
    """
    criterion = Criterion("leakage_rate", limit)
    settings = GateSettings((criterion,), false_launches=error, false_roll_backs=error)
    within = max(1, round(min(_FARTHEST / limit, risk.size)))

    def plan(design: str, budget: float, floor: float, within: int) -> GatePlan:
        draws = Draws.of(risk.items, risk.risk, DESIGNS[design](risk, budget, floor))
        found = labels_to_answer(settings, criterion, risk.prevalence, within=within, draws=draws)
        return GatePlan(design, found.labels, floor, within)

    made = [plan(FIXED, within, 1.0, within)]
    # Nobody wants a design that needs far more than a fixed rate, so others are followed no farther.
    budget = made[0].labels or within
    for design in DESIGNS:
        if design != FIXED:
            tried = [plan(design, budget, floor, min(2 * budget, within)) for floor in FLOORS]
            made.append(min(tried, key=_labels))
    return sorted(made, key=_labels)


def paired_plans(share: float, limit: float, change: float | None, *, error: float = 0.05) -> list[GatePlan]:
    """Labels until a gate on the change of the leakage rate answers, cheapest design first.

    Drawn where two strategies disagree, every label tells (Q. McNemar 1947, of discordant pairs); at a fixed
    rate over all items only the share of them that fall on disagreements does.

    Args:
        share: of the items on which the two disagree.
        limit: by how much errors per decided item may rise.
        change: the true change; None for what the gate is aimed at, an arm whose disagreements go two to one.
        error: the chance of a false launch, and of a false roll back.
    """
    criterion = Criterion("leakage_change", limit, share=share, net=0.0)
    settings = GateSettings((criterion,), false_launches=error, false_roll_backs=error)
    value = criterion.aim_good if change is None else change
    found = labels_to_answer(settings, criterion, value)
    everywhere = None if found.labels is None else round(found.labels / share)
    return [
        GatePlan("disagreement", found.labels, 0.0, found.within),
        GatePlan(FIXED, everywhere, 1.0, round(found.within / share)),
    ]


def _labels(plan: GatePlan) -> float:
    return float("inf") if plan.labels is None else plan.labels

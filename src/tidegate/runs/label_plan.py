"""How many labels a leakage figure will need, from a run's scores or from a prevalence and an AUC."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tidegate.errors import MeasureError, Where
from tidegate.measure.gates.designs import gate_plans, paired_plans
from tidegate.measure.planning import Plan, Risk, binormal, plans, risk_of
from tidegate.runs.folder import RunFolder
from tidegate.runs.population import population, score_of
from tidegate.runs.replay import recorded


def risk_of_run(folder: RunFolder, score: str, prevalence: float | None = None) -> Risk:
    """The risk of what passed in a run, by a calibrated score among its signals.

    Raises:
        MeasureError: the run has no such score, nothing passed, or the score is no chance from 0 to 1.
    """
    run = recorded(folder)
    scores = score_of(folder, score).filter(population(folder, run.ladder)["outcome"] == "passed")
    if not len(scores):
        raise MeasureError(
            "nothing passed in this run",
            where=Where(folder.root),
            remedy="Leakage is measured among what passed; take a run that passed something.",
        )
    return risk_of(scores.to_numpy().astype(np.float64), prevalence)


def label_plan(risk: Risk, enough: Callable[[float, float], bool], confidence: float) -> dict[str, Any]:
    """Labels per design, cheapest first, with the expected interval, and what was assumed."""
    return {
        "items": round(risk.size),
        "prevalence": risk.prevalence,
        "confidence": confidence,
        "designs": [_row(plan) for plan in plans(risk, enough, confidence)],
    }


def gate_plan(risk: Risk, limit: float, confidence: float) -> list[dict[str, Any]]:
    """Labels per design until a gate on this limit answers, cheapest first; None where it does not."""
    return [
        {"design": plan.design, "labels": plan.labels, "floor_share": plan.floor_share, "within": plan.within}
        for plan in gate_plans(risk, limit, error=1.0 - confidence)
    ]


def comparison_plan(share: float, limit: float, change: float | None, confidence: float) -> dict[str, Any]:
    """Labels per design until a gate on the change of leakage answers, cheapest first.

    Raises:
        MeasureError: the change or the limit is larger than the share of the items that differ.
    """
    if not (abs(limit) < share and (change is None or abs(change) <= share)):
        raise MeasureError(
            f"where {share:.2%} of the items differ, no change can be larger than that",
            where=Where(field="rises-at-most" if abs(limit) >= share else "rise"),
            remedy=f"Give a number between {-share:g} and {share:g}: errors per decided item.",
        )
    return {
        "disagreements": share,
        "rises_at_most": limit,
        "confidence": confidence,
        "gate": [
            {"design": plan.design, "labels": plan.labels, "within": plan.within}
            for plan in paired_plans(share, limit, change, error=1.0 - confidence)
        ],
    }


def assumed(items: int, prevalence: float, auc: float) -> Risk:
    """The risk of items that a score of this AUC would give them; see `measure.planning.binormal`."""
    return binormal(items, prevalence, auc)


def _row(plan: Plan) -> dict[str, Any]:
    possible = np.isfinite(plan.labels)
    return {
        "design": plan.design,
        "labels": int(np.ceil(plan.labels)) if possible else None,
        "low": plan.low if possible else None,
        "high": plan.high if possible else None,
        "floor_share": plan.floor_share if possible else None,
    }

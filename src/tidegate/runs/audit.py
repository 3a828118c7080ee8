"""The audit sample of a run: each decision's probability from its rule's audit plan, then the draw.

The plans are the strategy's, the mathematics is `measure.designs`; this module only brings the two together
over the batches of a run.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tidegate.measure import draw, fixed_rate, proportional
from tidegate.strategy import AuditPlan, Strategy
from tidegate.warehouse import write_part
from tidegate.warehouse.exact import read_part

STREAMED = "streamed"
"""What the manifest says under `audit` of a run whose chances were given as its items came.

Those of plans with a budget hung on what had come before, and cannot be worked out again.
"""

Floats = NDArray[np.float64]


def write_audit(strategy: Strategy, parts: Sequence[Path], seed: str) -> None:
    """Put `audit_probability` and `audited` beside the decisions of each batch, as `audit.arrow`."""
    probabilities = audit_probabilities(strategy, parts)
    start = 0
    for part in parts:
        ids = read_part(part / "decisions.arrow", columns=["item_id"])["item_id"]
        p = probabilities[start : start + len(ids)]
        start += len(ids)
        audited = pl.Series(draw(ids, p, seed), dtype=pl.Boolean)
        write_part(pl.DataFrame({"audit_probability": p, "audited": audited}), part / "audit.arrow")


def audit_probabilities(strategy: Strategy, parts: Sequence[Path]) -> Floats:
    """The chance of being audited for every decision of the run, in order; shape (items,), 0 < p ≤ 1."""
    if not parts:
        return np.zeros(0)
    scored = sorted({plan.proportional_to for plan in plans_of(strategy).values() if plan.proportional_to})
    return probabilities(strategy, pl.concat([_small_columns(part, scored) for part in parts]))


def probabilities(strategy: Strategy, decided: pl.DataFrame) -> Floats:
    """The chance of being audited per row of `decided`: rule, day (integer), and the scores that plans name.

    Rules without a plan of their own share the strategy's: a daily budget there is one budget for all of
    them.
    """
    plans = plans_of(strategy)
    own = [name for name in plans if name is not None]
    owner = decided["rule"].replace_strict(own, own, default=None, return_dtype=pl.String)
    p = np.zeros(len(decided))
    for name, plan in plans.items():
        mine = owner.is_null() if name is None else (owner == name).fill_null(False)
        if mine.any():
            p[mine.to_numpy()] = _of_plan(plan, decided.filter(mine))
    return p


def with_budget(strategy: Strategy, rules: pl.Series) -> pl.Series:
    """Whether the audit plan of the rule that decided has a daily budget; for each decision."""
    plans = plans_of(strategy)
    budgeted = {rule.id: rule.audit.budget_per_day is not None for rule in strategy.rules}
    default = plans[None].budget_per_day is not None
    return rules.replace_strict(budgeted, default=default, return_dtype=pl.Boolean)


def day_of(created_at: pl.Expr) -> pl.Expr:
    """Whole days since 1970; items without a time share a day of their own."""
    return created_at.dt.epoch("d").fill_null(-1).alias("day")


def plans_of(strategy: Strategy) -> dict[str | None, AuditPlan]:
    """The audit plans by rule; under None the strategy's own, which rules without one share."""
    plans: dict[str | None, AuditPlan] = {None: strategy.audit}
    return plans | {rule.id: rule.audit for rule in strategy.rules if rule.audit is not strategy.audit}


def _small_columns(part: Path, scores: Sequence[str]) -> pl.DataFrame:
    return pl.concat(
        [
            read_part(part / "decisions.arrow", columns=["rule"]),
            read_part(part / "items.arrow", columns=["created_at"]).select(day_of(pl.col("created_at"))),
            read_part(part / "signals.arrow", columns=list(scores)),
        ],
        how="horizontal",
    )


def _of_plan(plan: AuditPlan, frame: pl.DataFrame) -> Floats:
    if plan.proportional_to is None:
        assert plan.rate is not None
        return fixed_rate(len(frame), plan.rate)
    assert plan.budget_per_day is not None
    scores = frame[plan.proportional_to].cast(pl.Float64).to_numpy().astype(np.float64)
    return proportional(scores, frame["day"].to_numpy(), plan.budget_per_day, plan.floor)

"""What a strategy needs, rule by rule: the frame behind `tidegate strategy check`."""

from __future__ import annotations

import polars as pl

from tidegate.strategy import nodes
from tidegate.strategy.model import Rule, Strategy
from tidegate.strategy.planner import trial_order
from tidegate.tables import Catalog

SCHEMA = {
    "line": pl.Int64,
    "rule": pl.String,
    "action": pl.String,
    "policy": pl.String,
    "signals": pl.String,
    "computed": pl.String,
    "cost_ms": pl.Float64,
    "cost_money": pl.Float64,
    "warning": pl.String,
}


def describe(strategy: Strategy, catalog: Catalog) -> pl.DataFrame:
    """One row per rule.

    signals: those that its condition reads. computed: the detectors that it is the first to need, in the
    order in which they are tried. cost_ms and cost_money: the declared cost of an item that needed every
    detector up to here, which is the most that deciding by this rule can cost. warning: what was found
    wrong with the rule, if anything.
    """
    rows, asked, ms, money = [], set[str](), 0.0, 0.0
    for rule in strategy.rules:
        read = frozenset() if rule.condition is None else nodes.signals(rule.condition)
        added = trial_order({signal.detector for signal in read} - asked, catalog)
        asked |= set(added)
        ms += sum(catalog.detectors[name].cost_ms for name in added)
        money += sum(catalog.detectors[name].cost_money for name in added)
        rows.append(
            {
                "line": rule.line,
                "rule": rule.id,
                "action": rule.then,
                "policy": rule.policy,
                "signals": ", ".join(sorted(signal.name for signal in read)),
                "computed": " → ".join(added),
                "cost_ms": ms,
                "cost_money": money,
                "warning": _warning(strategy, rule),
            }
        )
    return pl.DataFrame(rows, schema=SCHEMA)


def _warning(strategy: Strategy, rule: Rule) -> str | None:
    """The warnings that stand between the line of this rule and that of the next."""
    following = [other.line for other in strategy.rules if other.line > rule.line]
    end = min(following, default=None)
    own = [
        warning.what
        for warning in strategy.warnings
        if warning.where.line is not None
        and warning.where.line >= rule.line
        and (end is None or warning.where.line < end)
    ]
    return "; ".join(own) or None

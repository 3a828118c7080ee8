"""The audit sample of a service: each decision's chance is recorded when it is decided.

Plans with a daily budget remember what they have spent in `AuditStream`, which a transaction locks, so that
all processes share one budget.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime

import numpy as np
import polars as pl

from tidegate.measure import draw
from tidegate.measure.streaming import Budget, Stream, assign
from tidegate.server.content.models import AuditStream
from tidegate.strategy import AuditPlan, Case, Strategy

LEAST = 0.001
"""The chance that no item falls below where a plan has no floor of its own."""


def chances(strategy: Strategy, cases: Sequence[Case], at: datetime) -> list[float]:
    """The chance of being audited of each case, in order. Call within the transaction of the decisions."""
    found = [0.0] * len(cases)
    by_plan: dict[tuple[str, AuditPlan], list[int]] = defaultdict(list)
    for place, case in enumerate(cases):
        own = case.rule is not None and case.rule.audit is not strategy.audit
        name = case.rule.id if own and case.rule is not None else ""
        by_plan[name, case.rule.audit if case.rule is not None else strategy.audit].append(place)
    streams = _held({_stream_of(strategy, name) for (name, plan) in by_plan if plan.rate is None})
    for (name, plan), places in by_plan.items():
        if plan.rate is not None:
            shares = [plan.rate] * len(places)
        else:
            stream = streams[_stream_of(strategy, name)]
            shares = _streamed(stream, plan, [cases[place] for place in places], at)
        for place, share in zip(places, shares, strict=True):
            found[place] = share
    if streams:  # one statement for all, as a batch has an audit plan for many a rule
        AuditStream.objects.bulk_create(
            streams.values(), update_conflicts=True, unique_fields=["plan"], update_fields=["state"]
        )
    return found


def drawn(ids: Sequence[str], shares: Sequence[float], seed: str) -> list[bool]:
    """Who is drawn, by seed and id: see `measure.draw`."""
    flags: list[bool] = draw(pl.Series(ids, dtype=pl.String), np.array(shares), seed).tolist()
    return flags


def _stream_of(strategy: Strategy, name: str) -> str:
    return f"{strategy.name}:{name}"


def _held(plans: Collection[str]) -> dict[str, AuditStream]:
    """What each of these plans remembers, kept from others until this transaction ends."""
    if not plans:
        return {}
    rows = AuditStream.objects.select_for_update().filter(plan__in=plans).order_by("plan")
    held = {row.plan: row for row in rows}
    missing = sorted(set(plans) - set(held))
    if missing:  # at the very first batch, which may be that of several processes
        AuditStream.objects.bulk_create([AuditStream(plan=plan) for plan in missing], ignore_conflicts=True)
        held |= {row.plan: row for row in rows.all()}
    return held


def _streamed(row: AuditStream, plan: AuditPlan, cases: Sequence[Case], at: datetime) -> list[float]:
    assert plan.proportional_to is not None
    assert plan.budget_per_day is not None
    state = Stream(**row.state) if row.state else Stream()
    # A clock that was set back must not run the stream backwards.
    now = max(at.timestamp(), state.at or 0.0)
    scores = [case.values[plan.proportional_to] for case in cases]
    p, after = assign(
        state,
        Budget(plan.budget_per_day, plan.floor or LEAST),
        np.full(len(cases), now),
        np.array([np.nan if score is None else score for score in scores], dtype=np.float64),
    )
    row.state = asdict(after)
    shares: list[float] = p.tolist()
    return shares

"""Audit plans as they are written: a bare rate, or proportional to a signal."""

from __future__ import annotations

import math
from collections.abc import Mapping

from yaml.nodes import MappingNode, Node

from tidegate.names import nearest, quoted
from tidegate.strategy.document import Entry, entries, is_null, scalar
from tidegate.strategy.model import HOUSE_PLAN, AuditPlan
from tidegate.strategy.problems import Problems
from tidegate.tables import SignalType

KEYS = ("rate", "proportional_to", "budget_per_day", "floor")
NEEDED = ("proportional_to", "budget_per_day")
FORM = "Write 'audit: 0.02', or 'audit: {proportional_to: text.max_risk, budget_per_day: 400}'."


def read(entry: Entry, types: Mapping[str, SignalType], problems: Problems) -> AuditPlan:
    """The plan; what is not whole is noted, and the house's own plan stands in."""
    if not isinstance(entry.node, MappingNode):
        rate = _number(entry.node, "audit", entry.line, problems, most=1)
        return HOUSE_PLAN if rate is None else AuditPlan(rate=rate)
    found = entries(entry.node, "audit", problems)
    before = len(problems.errors)
    for key in found:
        if key not in KEYS:
            problems.error(
                f"unknown key {quoted(key)}",
                line=found[key].line,
                field=f"audit.{key}",
                remedy=f"{nearest(key, KEYS)}{FORM}",
            )
    if set(found) == {"rate"}:
        rate = _number(found["rate"].node, "audit.rate", found["rate"].line, problems, most=1)
        return HOUSE_PLAN if rate is None else AuditPlan(rate=rate)
    missing = [key for key in NEEDED if key not in found]
    if missing or "rate" in found:
        what = (
            f"the audit plan lacks {' and '.join(missing)}"
            if missing
            else "the audit plan has a rate as well"
        )
        problems.error(what, line=entry.line, field="audit", remedy=FORM)
        return HOUSE_PLAN
    signal = _signal(found["proportional_to"], types, problems)
    budget = _number(
        found["budget_per_day"].node, "audit.budget_per_day", found["budget_per_day"].line, problems
    )
    floor = None
    if "floor" in found:
        floor = _number(found["floor"].node, "audit.floor", found["floor"].line, problems, most=1)
    if len(problems.errors) > before:
        return HOUSE_PLAN
    return AuditPlan(proportional_to=signal, budget_per_day=budget, floor=floor)


def _number(node: Node, field: str, line: int, problems: Problems, most: float = math.inf) -> float | None:
    text = scalar(node)
    try:
        number = float(text) if text is not None else math.nan
    except ValueError:
        number = math.nan
    if math.isfinite(number) and 0 < number <= most:
        return number
    least = "a number above 0" + (f" and up to {most:g}" if most < math.inf else "")
    shown = f", not {quoted(text)}" if text is not None else ""
    problems.error(f"'{field}' must be {least}{shown}", line=line, field=field, remedy=FORM)
    return None


def _signal(entry: Entry, types: Mapping[str, SignalType], problems: Problems) -> str | None:
    name = None if is_null(entry.node) else scalar(entry.node)
    if name is not None and types.get(name) is SignalType.NUMBER:
        return name
    if name is not None and name in types:
        what, remedy = f"{name} is a {types[name]}", "Name a signal that is a number."
    else:
        what, remedy = f"unknown signal {quoted(name or '')}", nearest(name or "", types).strip() or FORM
    problems.error(what, line=entry.line, field="audit.proportional_to", remedy=remedy)
    return None

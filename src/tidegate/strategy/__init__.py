"""The strategy language: rules over signals, tried from top to bottom; the first that matches decides.

Names are loaded when they are first used, because sqlglot and DuckDB take a while to import. No module has
the name of a function here: importing it would put the module in the function's place.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tidegate.strategy.column import decide_columns, decision_case
    from tidegate.strategy.decisions import decisions_frame
    from tidegate.strategy.description import describe
    from tidegate.strategy.dialects import DIALECTS, to_sql
    from tidegate.strategy.explanation import Explanation, explain
    from tidegate.strategy.flips import Flip
    from tidegate.strategy.load import load_strategy
    from tidegate.strategy.model import AuditPlan, Rule, Strategy
    from tidegate.strategy.online import Case, decide_online, decision_record
    from tidegate.strategy.partial import DETECTOR_FAILED
    from tidegate.strategy.planner import Cascaded, cascade
    from tidegate.strategy.replaying import replay
    from tidegate.strategy.row import RowEvaluator, compile_row

_HOMES = {
    "AuditPlan": "model",
    "Cascaded": "planner",
    "Case": "online",
    "DETECTOR_FAILED": "partial",
    "DIALECTS": "dialects",
    "Explanation": "explanation",
    "Flip": "flips",
    "Rule": "model",
    "RowEvaluator": "row",
    "Strategy": "model",
    "cascade": "planner",
    "compile_row": "row",
    "decide_columns": "column",
    "decide_online": "online",
    "decision_case": "column",
    "decision_record": "online",
    "decisions_frame": "decisions",
    "describe": "description",
    "explain": "explanation",
    "load_strategy": "load",
    "replay": "replaying",
    "to_sql": "dialects",
}

__all__ = [
    "DETECTOR_FAILED",
    "DIALECTS",
    "AuditPlan",
    "Cascaded",
    "Case",
    "Explanation",
    "Flip",
    "RowEvaluator",
    "Rule",
    "Strategy",
    "cascade",
    "compile_row",
    "decide_columns",
    "decide_online",
    "decision_case",
    "decision_record",
    "decisions_frame",
    "describe",
    "explain",
    "load_strategy",
    "replay",
    "to_sql",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

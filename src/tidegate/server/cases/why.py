"""Why a decision came out as it did, and what would have flipped it, from what was recorded with it."""

from __future__ import annotations

import orjson

from tidegate.errors import TidegateError
from tidegate.server.content.models import Decision
from tidegate.server.launches.decider import load_version
from tidegate.server.launches.models import StrategyVersion
from tidegate.strategy import Explanation, explain


def version_behind(decision: Decision) -> StrategyVersion | None:
    """The published version that decided; None where it was none, as for what people decided."""
    return (
        StrategyVersion.objects.filter(name=decision.strategy, label=decision.strategy_version)
        .order_by("pk")
        .first()
    )


def why(decision: Decision) -> Explanation | None:
    """The explanation, from the values that were recorded with the decision.

    None where no published version decided, or where it no longer loads in this workspace: a detector of it
    may be gone.
    """
    version = version_behind(decision)
    if version is None:
        return None
    try:
        return explain(load_version(version).strategy, orjson.loads(decision.values))
    except (TidegateError, TypeError):
        return None

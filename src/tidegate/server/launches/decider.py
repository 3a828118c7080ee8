"""The decider: the strategy that is active, with detectors that are ready to be asked."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from django.conf import settings

from tidegate.errors import RunError
from tidegate.runs.bench import STARTER_STRATEGY, Bench, policy_ids, set_up
from tidegate.server.launches.actions import active
from tidegate.server.launches.models import StrategyVersion
from tidegate.strategy import load_strategy


class NotReadyError(RunError):
    """Nothing decides: no strategy is active."""


@dataclass(frozen=True)
class Loaded:
    """A published version, loaded; `activation` is the number of the activation that asked for it."""

    activation: int
    bench: Bench


_loaded: Loaded | None = None
_lock = threading.Lock()


def decider() -> Bench:
    """What decides now. One small query tells whether that has changed since the last call.

    Raises:
        NotReadyError: no strategy is active.
    """
    global _loaded
    found = active()
    if found is None:
        raise NotReadyError(
            "no strategy is active", remedy="Publish one: tidegate publish strategies/text.yaml --message …"
        )
    number, version = found
    with _lock:
        if _loaded is None or _loaded.activation != number:
            _loaded = Loaded(number, load_version(version))
        return _loaded.bench


def load_version(version: StrategyVersion) -> Bench:
    """A published version over the detectors of this workspace."""
    bench = _detectors()
    strategy = load_strategy(
        version.text,
        catalog=bench.catalog,
        ladder=bench.workspace.ladder,
        policies=policy_ids(bench.workspace),
    )
    return replace(bench, strategy=strategy)


@cache
def _detectors() -> Bench:
    """The workspace with its detectors, set up once per process; its strategy stands in for any."""
    return set_up(_any_strategy(Path(settings.WORKSPACE)))


def _any_strategy(workspace: Path) -> Path:
    return min((workspace / "strategies").glob("*.yaml"), default=STARTER_STRATEGY)

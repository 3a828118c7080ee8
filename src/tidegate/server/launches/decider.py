"""The decider: the strategy that is active, with detectors that are ready to be asked."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path

from django.conf import settings

from tidegate.errors import RunError, TidegateError
from tidegate.runs.bench import STARTER_STRATEGY, Bench, policy_ids, set_up
from tidegate.server.launches.models import Kind, StrategyVersion
from tidegate.server.launches.reads import active, newest_activation, switched_off
from tidegate.strategy import Strategy, load_strategy

log = logging.getLogger("tidegate.launches")


class NotReadyError(RunError):
    """Nothing decides: no strategy is active, or the one that is cannot be loaded."""


class SupersededError(Exception):
    """Another version decides since a batch was begun, or something was switched off: to be decided anew."""


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
        NotReadyError: no strategy is active, or the one that is cannot be loaded.
    """
    global _loaded
    newest = newest_activation()
    with _lock:
        if _loaded is None or _loaded.activation != newest:
            _loaded = _load()
        return _loaded.bench


def check_still(bench: Bench) -> None:
    """Call within the transaction that stores what `bench`, which `decider` gave, has decided.

    Detectors may have taken long. What is switched off meanwhile acts no more.

    Raises:
        SupersededError: it is not what decides any more.
    """
    if decider() is not bench:
        raise SupersededError


def _load() -> Loaded:
    found = active()
    if found is None:
        raise NotReadyError(
            "no strategy is active", remedy="Publish one: tidegate publish strategies/text.yaml --message …"
        )
    number, version = found
    off = {switch.name for switch in switched_off() if switch.kind == Kind.DETECTOR}
    try:
        return Loaded(number, replace(load_version(version), off=frozenset(off)))
    except TidegateError as error:
        # It names files of this machine, which are the operator's to know.
        log.error("the active strategy cannot be loaded: %s", error)
        raise NotReadyError(
            "the active strategy cannot be loaded", remedy="The service's log says why, and what to mend."
        ) from error


def load_version(version: StrategyVersion) -> Bench:
    """A published version over the detectors of this workspace."""
    return replace(site(), strategy=_read(version.text))


@lru_cache(maxsize=8)
def _read(text: str) -> Strategy:
    """Kept for a while, with the code that is made of it: the way back to a version then costs nothing."""
    return checked(text)


def checked(text: str) -> Strategy:
    """A strategy's text, checked against the detectors, actions and policies of this workspace.

    Raises:
        StrategyError: it does not load.
    """
    bench = site()
    return load_strategy(
        text, catalog=bench.catalog, ladder=bench.workspace.ladder, policies=policy_ids(bench.workspace)
    )


@cache
def site() -> Bench:
    """The workspace with its detectors, set up once per process; its strategy stands in for any."""
    return set_up(_any_strategy(Path(settings.WORKSPACE)), patient=False)


def _any_strategy(workspace: Path) -> Path:
    return min((workspace / "strategies").glob("*.yaml"), default=STARTER_STRATEGY)

"""Detectors: from items to signals. Names are imported on first use, so that `import tidegate.signals` is
light."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tidegate.signals.detector import Detector, Example, compute, left_unasked
    from tidegate.signals.registry import build_detectors, catalog_of, item_signals, timeouts_of

_HOMES = {
    "Detector": "detector",
    "Example": "detector",
    "compute": "detector",
    "build_detectors": "registry",
    "catalog_of": "registry",
    "item_signals": "registry",
    "left_unasked": "detector",
    "timeouts_of": "registry",
}

__all__ = [
    "Detector",
    "Example",
    "build_detectors",
    "catalog_of",
    "compute",
    "item_signals",
    "left_unasked",
    "timeouts_of",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'tidegate.signals' has no attribute '{name}'")
    return getattr(import_module(f"tidegate.signals.{home}"), name)

"""Tidegate: the control room for moderation automation.

The names below are the whole of the small public API; each is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from tidegate.api import decide, estimate, load_strategy, plot, score

__all__ = ["__version__", "decide", "estimate", "load_strategy", "plot", "score"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(importlib.import_module("tidegate.api"), name)
    raise AttributeError(f"module 'tidegate' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)

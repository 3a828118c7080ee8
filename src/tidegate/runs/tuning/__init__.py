"""Tune: new let: numbers for a strategy, with a certificate that overkill and leakage keep their limits.

`tune` finds them from a run and its labels; `files` writes them, `words` says them, `certificate` tells later
whether they still hold.
"""

from tidegate.runs.tuning.result import Kept, Tuning
from tidegate.runs.tuning.search import tune

__all__ = ["Kept", "Tuning", "tune"]

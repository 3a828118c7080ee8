"""Backtest of ten million recorded decisions: items per second, peak memory, and the ratio to hand-written SQL.

The decisions are generated once, in the exact layout of a run's tables, into `benchmarks/.cache/`.
"""

from __future__ import annotations

"""Backtest on runs with known answers: what flips, what is undetermined, what it would have cost.

The runs here are decided by the real cascade over two detectors whose answers are written down, so that the same
cascade under the new strategy says what a backtest must find.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tidegate.errors import MeasureError, RunError, StrategyError
from tidegate.policy.ladder import LADDER
from tidegate.runs.backtest import Backtest, backtest
from tidegate.runs.folder import RunFolder
from tidegate.runs.moderate import spec_record
from tidegate.signals import item_signals
from tidegate.strategy import cascade, decisions_frame, load_strategy
from tidegate.tables import ITEM_SIGNALS, ITEMS, Catalog, DetectorSpec, SignalField, SignalStatus, SignalType

CHEAP = DetectorSpec("cheap", "1", (SignalField("risk", SignalType.NUMBER, "A quick guess."),), cost_ms=1.0)
DEAR = DetectorSpec(
    "dear", "1", (SignalField("risk", SignalType.NUMBER, "A careful guess."),), cost_ms=10.0, cost_money=0.01
)
CATALOG = Catalog.of(ITEM_SIGNALS, CHEAP, DEAR)

BEFORE = """
strategy: doors
version: 1
audit: 0.5
rules:
  - {id: certain, when: cheap.risk >= 0.9, then: remove}
  - {id: judged, when: cheap.risk >= 0.5 and dear.risk >= 0.5, then: review}
  - {id: otherwise, then: allow}
"""
DETECTORS = """
import polars as pl
from tidegate.tables import DetectorSpec, SignalField, SignalType

class Oracle:
    examples = ()
    def __init__(self, spec, answers):
        self.spec, self.answers = spec, pl.read_parquet(answers)
    def detect(self, items):
        found = items.select(pl.col("id")).join(self.answers, on="id", how="left", maintain_order="left")
        return found.select(pl.col(self.spec.name).alias(self.spec.name + ".risk"))

def cheap(settings):
    field = SignalField("risk", SignalType.NUMBER, "A quick guess.")
    return Oracle(DetectorSpec("cheap", settings.get("version", "1"), (field,), cost_ms=1.0), settings["answers"])

def dear(settings):
    field = SignalField("risk", SignalType.NUMBER, "A careful guess.")
    spec = DetectorSpec("dear", settings.get("version", "1"), (field,), cost_ms=10.0, cost_money=0.01)
    return Oracle(spec, settings["answers"])
"""


@dataclass(frozen=True)
class Stage:
    """A workspace with its two detectors' answers, and a finished run in it."""

    root: Path
    folder: RunFolder
    items: pl.DataFrame
    answers: pl.DataFrame
    failing: frozenset[str] = frozenset()

    def strategy(self, text: str) -> Path:
        path = self.root / "new.yaml"
        path.write_text(text)
        return path

    def test(self, text: str, **options: object) -> Backtest:
        return backtest(self.folder, self.strategy(text), **options)  # type: ignore[arg-type]

    def decided(self, text: str) -> pl.DataFrame:
        """What the new strategy's own cascade decides, and what it costs."""
        return decide(self.strategy(text), self.items, self.answers, self.failing)[0]


def decide(
    strategy: Path, items: pl.DataFrame, answers: pl.DataFrame, failing: frozenset[str] = frozenset()
) -> tuple[pl.DataFrame, pl.DataFrame]:
    loaded = load_strategy(strategy, catalog=CATALOG, ladder=LADDER, policies=None)

    def ask(detector: str, asked: pl.DataFrame) -> pl.DataFrame:
        if detector == "item":
            return item_signals(asked)
        spec = CATALOG.detectors[detector]
        found = asked.select(pl.col("id")).join(answers, on="id", how="left", maintain_order="left")
        broken = pl.col("id").is_in(failing) if detector == "dear" else pl.lit(False)
        value = pl.when(~broken).then(pl.col(detector))
        return found.select(
            pl.col("id").alias("item_id"),
            value.alias(spec.column("risk")),
            pl.when(broken).then(pl.lit("failed")).otherwise(pl.lit("computed")).alias(spec.status_column),
            pl.when(broken).then(pl.lit("timed out")).alias(spec.failure_column),
        )

    found = cascade(loaded, items, ask, catalog=CATALOG)
    decisions = decisions_frame(loaded, found.resolution, found.signals, CATALOG)
    rng = np.random.default_rng(5)
    audited = rng.random(len(items)) < 0.5
    return decisions.with_columns(audit_probability=pl.lit(0.5), audited=pl.Series(audited)), found.signals


def stage(
    root: Path, answers: pl.DataFrame, *, failing: frozenset[str] = frozenset(), text: str = BEFORE
) -> Stage:
    """Lay out a workspace and a finished run whose items are the rows of `answers`: id, cheap, dear, violates."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "oracles.py").write_text(DETECTORS)
    answers.write_parquet(root / "answers.parquet")
    (root / "tidegate.toml").write_text(
        "\n".join(
            f'[detectors.{name}]\nuse = "oracles:{name}"\nanswers = "{root}/answers.parquet"'
            for name in ("cheap", "dear")
        )
    )
    rows = len(answers)
    items = pl.DataFrame(
        {
            "id": answers["id"],
            "kind": ["text"] * rows,
            "text": [f"a mild post about door {k}" for k in range(rows)],
            "language": ["en" if k % 3 else "zh" for k in range(rows)],
            "views": [(k * 7919) % 1000 for k in range(rows)],
        }
    ).select(
        pl.col(c.name)
        if c.name in ("id", "kind", "text", "language", "views")
        else pl.lit(None).alias(c.name)
        for c in ITEMS.columns
    )
    items = items.cast(ITEMS.schema)  # type: ignore[arg-type]
    folder = RunFolder(root / "run")
    folder.root.mkdir()
    folder.strategy.write_text(text)
    decisions, signals = decide(folder.strategy, items, answers, failing)
    items.write_parquet(folder.table("items"))
    signals.write_parquet(folder.table("signals"))
    decisions.write_parquet(folder.table("decisions"))
    if "violates" in answers.columns:
        truth = answers.select(item_id="id", violates="violates", policy=pl.lit(None, pl.String))
        truth.write_parquet(folder.table("truth"))
    loaded = load_strategy(folder.strategy, catalog=CATALOG, ladder=LADDER, policies=None)
    manifest = {
        "strategy": {
            "name": loaded.name,
            "version": loaded.label,
            "hash": loaded.hash,
            "let": dict(loaded.let),
        },
        "ladder": [asdict(action) for action in LADDER],
        "policies": [],
        "detectors": {name: spec_record(spec) for name, spec in CATALOG.detectors.items()},
        "audit_seed": "seed",
        "complete": True,
    }
    folder.manifest.write_text(json.dumps(manifest))
    return Stage(root, folder, items, answers, failing)

"""Run folders of made-up scores whose truth is known, to tune on: one detector, several harms, labels."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import ndtri

from tidegate.policy.ladder import LADDER
from tidegate.runs.folder import RunFolder
from tidegate.runs.moderate import spec_record
from tidegate.strategy import load_strategy
from tidegate.tables import DECISIONS, ITEM_SIGNALS, ITEMS, Catalog, DetectorSpec, SignalField, SignalType

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class World:
    """A run with its labels, its strategy, and what is true of every item."""

    run: RunFolder
    labels: Path
    strategy: Path
    violates: Bools


def detector(scores: Mapping[str, Floats]) -> DetectorSpec:
    fields = tuple(SignalField(name, SignalType.NUMBER, f"Score of {name}.") for name in scores)
    return DetectorSpec("text", "1", fields, cost_ms=0.05)


def scores(rng: np.random.Generator, violates: Bools, auc: float, prevalence: float) -> Floats:
    """Calibrated binormal scores of that quality, in (0, 1)."""
    distance = np.sqrt(2) * float(ndtri(auc))
    x = rng.normal(size=len(violates)) + distance * violates
    log_odds = np.log(prevalence / (1 - prevalence)) + distance * x - distance**2 / 2
    return np.asarray(1 / (1 + np.exp(-log_odds)))


def world(
    folder: Path,
    strategy: str,
    signals: Mapping[str, Floats],
    violates: Bools,
    *,
    said: Bools | None = None,
    p: Floats | float = 1.0,
    seed: int = 0,
    **columns: object,
) -> World:
    """Write a finished run of these signals `text.…`, and the labels of an audit sample of chances `p`.

    The run's own strategy sends everything to people, so nothing depends on what it decided. `said` is what
    reviewers answer where that differs from the truth; `columns` are columns of items.
    """
    n = len(violates)
    run = RunFolder(folder / "run")
    run.root.mkdir(parents=True)
    spec = detector(signals)
    run.strategy.write_text(
        "strategy: all\nversion: 1\nrules:\n  - {id: all, then: review}\n", encoding="utf-8"
    )
    ids = pl.Series([f"i{at}" for at in range(n)])
    items = pl.DataFrame({"id": ids, "kind": ["text"] * n, **columns})
    items = items.with_columns(
        pl.lit(None, dtype).alias(name) for name, dtype in ITEMS.schema.items() if name not in items.columns
    )
    items.select(ITEMS.names).write_parquet(run.table("items"))
    pl.DataFrame(
        {
            "item_id": ids,
            **{f"text.{name}": values for name, values in signals.items()},
            "text.status": ["computed"] * n,
            "text.failure": pl.Series([None] * n, dtype=pl.String),
        }
    ).write_parquet(run.table("signals"))
    chance = np.broadcast_to(np.asarray(p, dtype=float), n)
    audited = np.random.default_rng(seed).random(n) < chance
    decisions = pl.DataFrame(
        {
            "item_id": ids,
            "action": ["review"] * n,
            "rule": ["all"] * n,
            "policy": pl.Series([None] * n, dtype=pl.String),
            "audit_probability": chance,
            "audited": audited,
            "cost_ms": np.full(n, 0.05),
            "cost_money": np.zeros(n),
        }
    )
    decisions = decisions.with_columns(
        pl.lit(None, dtype).alias(name)
        for name, dtype in DECISIONS.schema.items()
        if name not in decisions.columns
    )
    decisions.select(DECISIONS.names).write_parquet(run.table("decisions"))
    catalog = Catalog.of(ITEM_SIGNALS, spec)
    manifest = {
        "input": [],
        "items": n,
        "strategy": {"let": {}, "hash": load_strategy(run.strategy, catalog=catalog).hash},
        "ladder": [asdict(action) for action in LADDER],
        "policies": [],
        "detectors": {one.name: spec_record(one) for one in catalog.detectors.values()},
        "audit_seed": "seed",
        "complete": True,
    }
    run.manifest.write_text(json.dumps(manifest), encoding="utf-8")
    (folder / "tidegate.toml").write_text("", encoding="utf-8")
    answers = violates if said is None else said
    labels = folder / "labels.csv"
    pl.DataFrame({"item_id": ids, "violates": answers}).filter(pl.Series(audited)).with_columns(
        violates=pl.when("violates").then(pl.lit("yes")).otherwise(pl.lit("no"))
    ).write_csv(labels)
    path = folder / "text.yaml"
    path.write_text(strategy, encoding="utf-8")
    return World(run, labels, path, violates)

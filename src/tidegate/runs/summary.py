"""summary.json: what a run did, what it cost, and how much leaked and was over-killed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import polars as pl

from tidegate.measure import estimate, truth
from tidegate.policy.ladder import Ladder, Outcome
from tidegate.runs.folder import RunFolder
from tidegate.runs.population import population, score_of, truth_labels
from tidegate.tables import LABELS
from tidegate.warehouse.exact import scan_table

REASONS_KEPT = 20
"""A detector of somebody's own may give each item a reason of its own."""

OVERALL = ("measure", "weight", "slice", "value")


@dataclass(frozen=True)
class Rejected:
    """How many rows could not be read, and why (see `RejectWriter.summary`)."""

    count: int = 0
    because: Sequence[Mapping[str, object]] = ()


def summarise(
    folder: RunFolder,
    ladder: Ladder,
    by: Sequence[str],
    *,
    rejected: Rejected,
    seconds: Mapping[str, float],
) -> dict[str, Any]:
    """The summary of a run whose tables are joined."""
    decisions = scan_table(folder.table("decisions"))
    totals = decisions.select(
        pl.len().alias("items"),
        pl.col("cost_ms").sum(),
        pl.col("cost_money").sum(),
        pl.col("audited").sum(),
        pl.col("audit_probability").sum().alias("expected"),
        pl.col("reason").str.starts_with("detector_failed").sum().alias("failed"),
    ).collect()
    figures = run_figures(folder, ladder, labels=None, by=by)
    return {
        "items": totals["items"].item(),
        "rejected": rejected.count,
        "rejected_because": rejected.because,
        "actions": counts(decisions, "action", list(ladder.names)),
        "rules": counts(decisions, "rule"),
        "detector_failures": totals["failed"].item(),
        "detector_failed_because": failed_because(decisions),
        "truth_unknown": truth_unknown(folder),
        "truth_violating": truth_violating(folder),
        "audit": {
            "drawn": totals["audited"].item(),
            "expected": totals["expected"].item(),
            "by_outcome": drawn_by_outcome(decisions, ladder),
            "undated": undated(folder),
        },
        "cost": {"ms": totals["cost_ms"].item(), "money": totals["cost_money"].item()},
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
        **nested(figures),
    }


def truth_unknown(folder: RunFolder) -> int:
    """How many items have no truth in a run that has one for others; they are in no figure."""
    known = truth_labels(folder)
    return 0 if known is None else known["violates"].null_count()


def truth_violating(folder: RunFolder) -> int | None:
    """How many items violate by the run's truth; None where it has none."""
    known = truth_labels(folder)
    return None if known is None else int(known["violates"].sum())


def undated(folder: RunFolder) -> int:
    """How many items have no time: they all count as one day, of which audit plans have one budget."""
    times = scan_table(folder.table("items")).select(pl.col("created_at").null_count())
    return int(times.collect().item())


def run_figures(
    folder: RunFolder,
    ladder: Ladder,
    labels: pl.DataFrame | None,
    by: Sequence[str],
    confidence: float = 0.95,
    prediction: str | None = None,
) -> pl.DataFrame:
    """Leakage and overkill of a run, one row per measure, weight and slice.

    `prediction` names a score of the run that the rates may rely on, see `measure.estimate`.

    With `labels` None the labels of the audit sample are taken from the run's truth, where it has one; the
    exact value is then in the column `truth`, next to the estimate, which never saw more than the sample.
    """
    people = population(folder, ladder, by)
    if prediction is not None:
        people = people.with_columns(score_of(folder, prediction).alias(f"score:{prediction}"))
    known = truth_labels(folder)
    if labels is None and known is not None:
        # Estimate and truth must speak of the same items: those whose truth is known.
        there = known["violates"].is_not_null()
        people, known = people.filter(there), known.filter(there)
        labels = as_labels(known, people)
    elif labels is None:
        labels = LABELS.empty()
    column = None if prediction is None else f"score:{prediction}"
    figures = estimate(people, labels, by=by, confidence=confidence, prediction=column)
    if known is None or known["violates"].null_count():
        return figures.with_columns(truth=pl.lit(None, dtype=pl.Float64))
    exact = truth(people, known, by=by).select(*OVERALL, "truth")
    return figures.join(exact, on=OVERALL, how="left", nulls_equal=True, maintain_order="left")


def as_labels(known: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """The truth of the audited items as labels: all that the estimate may see."""
    audited = known.filter(people["audited"] & known["violates"].is_not_null())
    return audited.select(
        "item_id",
        "violates",
        "policy",
        labeller=pl.lit("truth"),
        labelled_at=pl.lit(None, dtype=LABELS["labelled_at"].dtype),
    )


def counts(decisions: pl.LazyFrame, column: str, order: Sequence[str] = ()) -> dict[str, int]:
    """How many decisions per value of a column, in the given order first, then by name."""
    found = dict(decisions.group_by(column).len().collect().iter_rows())
    names = [*order, *sorted(str(name) for name in found if name is not None and name not in order)]
    return {name: found[name] for name in names if name in found}


def failed_because(decisions: pl.LazyFrame) -> list[dict[str, object]]:
    """What the detectors reported of items that went to review because one failed: the commonest first."""
    failed = decisions.filter(pl.col("reason").str.starts_with("detector_failed"))
    found: Counter[tuple[str, str]] = Counter()
    for failure, items in failed.group_by("failure").len().collect().iter_rows():
        for detector, reason in orjson.loads(failure or "{}").items():
            found[detector, str(reason)] += items
    return [
        {"detector": detector, "reason": reason, "items": items}
        for (detector, reason), items in sorted(found.items(), key=lambda one: (-one[1], one[0]))[
            :REASONS_KEPT
        ]
    ]


def drawn_by_outcome(decisions: pl.LazyFrame, ladder: Ladder) -> dict[str, dict[str, int]]:
    """For passed, actioned and held items, how many were drawn for the audit sample, and of how many."""
    outcomes = {action.name: action.outcome.value for action in ladder}
    outcome = pl.col("action").replace_strict(outcomes, return_dtype=pl.String)
    found = decisions.group_by(outcome.alias("outcome")).agg(pl.col("audited").sum(), pl.len()).collect()
    counted = {name: {"drawn": drawn, "items": items} for name, drawn, items in found.iter_rows()}
    return {o.value: counted.get(o.value, {"drawn": 0, "items": 0}) for o in Outcome}


def nested(figures: pl.DataFrame) -> dict[str, Any]:
    """The figures as `leakage.rate`, `leakage.rate_by_views`, …, and the same under `by.<slice>.<value>`."""
    result: dict[str, Any] = {"leakage": {}, "overkill": {}, "by": {}}
    for row in figures.iter_rows(named=True):
        error, kind = row["measure"].split("_")
        key = kind if row["weight"] == "item" else f"{kind}_by_views"
        home = result
        if row["slice"] is not None:
            home = result["by"].setdefault(row["slice"], {}).setdefault(row["value"], {})
        home.setdefault(error, {})[key] = {
            name: row[name]
            for name in ("estimate", "low", "high", "labels", "items", "method", "note", "truth")
            if name in ("estimate", "low", "high", "labels", "items", "method") or row[name] is not None
        }
    return result

"""What would fix it: changes to the strategy that a backtest on the recorded signals confirms.

A change is told only where the interval of the error that it is for lies below zero (or, without labels,
where the exact change by the run's truth does). What it costs in reviews and in the other error stands
beside it, and where it trades one error for the other, how many items that is.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from tidegate.errors import TidegateError
from tidegate.measure.causes import Finding
from tidegate.runs.backtest import Backtest, backtest
from tidegate.runs.causes.conditions import acting, condition, rule_yaml, with_rule
from tidegate.runs.replay import Recorded

SHARE = {"leakage": "leakage_share", "overkill": "overkill_share"}
FIGURES = ("estimate", "low", "high", "truth")
FINDINGS_TRIED = 3
RULE_FIELD = "rule"


@dataclass(frozen=True)
class Suggestion:
    """One change and what the backtest says of it.

    Attributes:
        finding: the number of the finding that it is for, from 0; None for a threshold, which is for all.
        error: leakage or overkill, the error that it makes smaller.
        change: in words. yaml: what to paste into the strategy.
        effects: rows of `backtest`'s differences for both shares by item: estimate, low, high, truth, and the
            same in items: about how many more (or fewer) of this error there would be.
        reviews_before, reviews_after: how many items go to people.
    """

    finding: int | None
    error: str
    change: str
    yaml: str
    effects: tuple[dict[str, Any], ...]
    reviews_before: float
    reviews_after: float

    @property
    def effect(self) -> dict[str, Any]:
        """The effect on the error that it is for."""
        return self.effect_on(self.error)

    def effect_on(self, error: str) -> dict[str, Any]:
        return next(row for row in self.effects if row["measure"] == SHARE[error])

    @property
    def worsened(self) -> str | None:
        """The other error, where the backtest shows more of it."""
        (other,) = set(SHARE) - {self.error}
        row = self.effect_on(other)
        more = row["estimate"] if row["truth"] is None else row["truth"]
        return other if more is not None and more > 0 else None


def suggestions(
    run: Recorded,
    labels: Path | None,
    error: str,
    findings: Sequence[Finding],
    possible: Mapping[str, float],
    confidence: float = 0.95,
) -> tuple[Suggestion, ...]:
    """Rules for the proven slices, then thresholds, each confirmed by a backtest; best per review first.

    Args:
        possible: of all items, how many may leak and how many may be stopped wrongly, by error.
    """
    found: list[Suggestion] = []
    for number, finding in enumerate(findings[:FINDINGS_TRIED]):
        if finding.proven:
            tried = [s for s in _rules(run, labels, error, number, finding, confidence) if _helps(s, labels)]
            found += sorted(tried, key=_price)[:1]
    if findings:
        tried = [s for s in _thresholds(run, labels, error, confidence) if _helps(s, labels)]
        found += sorted(tried, key=_price)[:2]
    return tuple(_counted(one, possible) for one in found)


def _counted(suggestion: Suggestion, possible: Mapping[str, float]) -> Suggestion:
    """With its effects in items too."""
    rows = [
        row | {f"items_{key}": None if row[key] is None else row[key] * possible[error] for key in FIGURES}
        for error, row in ((error, suggestion.effect_on(error)) for error in SHARE)
    ]
    return replace(suggestion, effects=tuple(rows))


def _rules(
    run: Recorded, labels: Path | None, error: str, number: int, finding: Finding, confidence: float
) -> Iterator[Suggestion]:
    named = [clause.value for clause in finding.clauses if clause.field == RULE_FIELD]
    others = [clause for clause in finding.clauses if clause.field != RULE_FIELD]
    slice_sql = condition(others, run.catalog.signals) if others else "TRUE"
    if slice_sql is None or (error == "leakage" and not others):
        return
    strategy = run.strategy
    if error == "overkill":
        acts = acting(strategy, str(named[0]) if named else None)
        if acts is None:
            return
        whens = [f"({acts})" if slice_sql == "TRUE" else f"{slice_sql} AND ({acts})"]
    else:
        whens = [slice_sql]
        score = strategy.audit.proportional_to
        # The least number is where somebody looks already; these are short of it.
        if score is not None and strategy.let:
            least = min(strategy.let.values())
            whens += [f"{slice_sql} AND {score} >= {part * least:g}" for part in (0.25, 0.5)]
    for when in whens:
        yaml = rule_yaml(strategy, f"{error}-slice-{number + 1}", when)
        text = with_rule(strategy, yaml, first=error == "overkill")
        result = _tried(run, labels, text, run.manifest["strategy"]["let"], confidence)
        if result is not None:
            words = f"Send to review: {finding.description}"
            yield _suggestion(result, error, number, words, yaml)


def _thresholds(run: Recorded, labels: Path | None, error: str, confidence: float) -> Iterator[Suggestion]:
    let = run.manifest["strategy"]["let"]
    for name, value in let.items():
        tried = (0.9 * value, 0.8 * value) if error == "leakage" else _upwards(value)
        for number in (round(one, 4) for one in tried):
            result = _tried(run, labels, run.strategy.text, {**let, name: number}, confidence)
            if result is not None:
                words = f"Move {name} from {value:g} to {number:g}"
                yield _suggestion(result, error, None, words, f"let:\n  {name}: {number:g}")


def _upwards(value: float) -> tuple[float, float]:
    return (
        (value + 0.25 * (1 - value), value + 0.5 * (1 - value)) if value < 1 else (1.1 * value, 1.25 * value)
    )


def _tried(
    run: Recorded, labels: Path | None, text: str, let: Mapping[str, float], confidence: float
) -> Backtest | None:
    """The backtest of a strategy; None where it cannot be loaded or decided from what was recorded."""
    with tempfile.TemporaryDirectory(prefix="tidegate-causes-") as aside:
        path = Path(aside) / "strategy.yaml"
        path.write_text(text, encoding="utf-8")
        try:
            result = backtest(run.folder, path, labels=labels, let=dict(let), confidence=confidence)
        except TidegateError:
            return None
    return None if result.totals.undetermined or result.differences is None else result


def _suggestion(result: Backtest, error: str, number: int | None, words: str, yaml: str) -> Suggestion:
    assert result.differences is not None
    shares = result.differences.filter(
        (pl.col("weight") == "item") & pl.col("measure").is_in(list(SHARE.values()))
    )
    reviews = result.totals.reviews
    return Suggestion(number, error, words, yaml, tuple(shares.to_dicts()), reviews.before, reviews.after)


def _helps(suggestion: Suggestion, labels: Path | None) -> bool:
    row = suggestion.effect
    if labels is None and row["truth"] is not None:
        return bool(row["truth"] < 0)
    return row["high"] is not None and bool(row["high"] < 0)


def _price(suggestion: Suggestion) -> float:
    """More reviews for what goes away of the error."""
    row = suggestion.effect
    gain = -(row["truth"] if row["truth"] is not None else row["estimate"])
    more = suggestion.reviews_after - suggestion.reviews_before
    return float(max(more, 0) / max(gain, 1e-12))

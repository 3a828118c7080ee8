"""Root causes in words and cells, for the terminal and the report alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tidegate.measure.causes import Finding
from tidegate.names import counted
from tidegate.runs.backtest_words import DASH, MINUS, percent, points
from tidegate.runs.causes.root_causes import ErrorCauses, RootCauses
from tidegate.runs.causes.suggest import SHARE, Suggestion

WHERE = {"leakage": "passed", "overkill": "actioned"}
PROVEN = "proven"
MORE = {"leakage": "more items that leak", "overkill": "more fine items stopped"}
FEWER = {"leakage": "fewer that leak", "overkill": "fewer fine ones stopped"}
WRONG = {"leakage": "violate", "overkill": "were fine"}


def lead(result: RootCauses) -> str:
    """One sentence on each error: how much was looked at, and what explains most of it."""
    return " ".join(sentence(part) for part in result.errors)


def sentence(part: ErrorCauses) -> str:
    causes, name = part.causes, part.error.capitalize()
    of = counted(causes.items, f"{WHERE[part.error]} item")
    looked = f"{name}: of {of} {causes.errors:,} {WRONG[part.error]}"
    if not causes.errors:
        return f"{looked}."
    if not causes.proven:
        return f"{looked}; of {counted(causes.slices, 'slice')} none is proven to err more than the rest."
    first = causes.proven[0]
    return (
        f"{looked}; {counted(len(causes.proven), 'slice')} of {causes.slices:,} searched "
        f"{'is' if len(causes.proven) == 1 else 'are'} proven, first of all: {first.description} "
        f"({percent(first.error_share)} of the errors in {percent(first.share)} of the items)."
    )


def finding_cells(finding: Finding) -> dict[str, str]:
    """A finding as the cells of a row, by header."""
    return {
        "slice": finding.description,
        "": PROVEN if finding.proven else "not proven",
        "of items": percent(finding.share),
        "of errors": percent(finding.error_share),
        "lift": f"{times(finding.lift)}×",
        "interval": f"{times(finding.low)} to {times(finding.high)}",
        "explained": signed(finding.explained),
        "by views": signed(finding.explained_views),
        "p": f"{finding.p_value:.3f}",
        "errors": f"{finding.errors:,} of {finding.items:,}",
        "labels to prove": f"+{finding.labels_more:,}" if finding.labels_more else DASH,
        "look at": ", ".join(finding.examples[:3]),
    }


def suggestion_cells(suggestion: Suggestion) -> dict[str, str]:
    """A suggestion as the cells of a row, by header."""
    more = suggestion.reviews_after - suggestion.reviews_before
    said = f"{more:+,.0f}".replace("-", MINUS)
    rows = {row["measure"]: row for row in suggestion.effects}
    return {
        "change": suggestion.change,
        **{f"{error} share": change(rows[measure]) for error, measure in SHARE.items()},
        "reviews": f"{suggestion.reviews_before:,.0f} → {suggestion.reviews_after:,.0f} ({said})",
    }


def trade(suggestion: Suggestion) -> str | None:
    """Where a change makes one error rarer and the other more frequent: by how many items either."""
    other = suggestion.worsened
    if other is None:
        return None
    more, fewer = (_items(suggestion, error) for error in (other, suggestion.error))
    return f"This trades one error for the other: {more} {MORE[other]} for {fewer} {FEWER[suggestion.error]}."


def _items(suggestion: Suggestion, error: str) -> str:
    """A change in whole items: exact by the run's truth, else about so many, with the interval."""
    row = suggestion.effect_on(error)
    if row["items_truth"] is not None:
        return f"{abs(row['items_truth']):,.0f}"
    way = 1 if row["items_estimate"] > 0 else -1
    low, high = sorted((way * row["items_low"], way * row["items_high"]))
    said = " to ".join(f"{one:,.0f}".replace("-", MINUS) for one in (low, high))
    return f"about {abs(row['items_estimate']):,.0f} ({said})"


def times(lift: float) -> str:
    """Two figures, or whole: 0.68, 3.3, 14, 104."""
    return f"{lift:.0f}" if lift >= 10 else f"{lift:.2g}"


def signed(share: float | None) -> str:
    """A percentage that may be below zero, where a slice has less of the views than of the errors."""
    return percent(share) if share is None or share >= 0 else MINUS + percent(-share)


def change(row: Mapping[str, Any]) -> str:
    """The change of a share in points: the estimate with its interval, and what it is by the run's truth."""
    if row["estimate"] is None:
        return "not known"
    said = f"{points(row['estimate'])} ({points(row['low'])} to {points(row['high'])})"
    return said if row["truth"] is None else f"{said}; exactly {points(row['truth'])}"

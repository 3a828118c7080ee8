"""A backtest in words: the sentence at its top, and how its numbers are written."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from tidegate.names import counted

if TYPE_CHECKING:
    from tidegate.runs.backtest import Backtest

MINUS = "\N{MINUS SIGN}"
DASH = "–"
MEASURES = {
    "leakage_rate": "leakage rate",
    "leakage_share": "leakage share",
    "overkill_rate": "overkill rate",
    "overkill_share": "overkill share",
}
IN_LEAD = ("overkill_share", "leakage_share")
SHORT_HASH = 4


def lead(result: Backtest) -> str:
    """What publishing the new strategy would change, between what must be known before and after that."""
    return " ".join([*warning(result), sentence(result), *numbers(result), *lacking(result)])


def warning(result: Backtest) -> list[str]:
    """What must be known first: items that this run cannot decide."""
    totals = result.totals
    if not totals.undetermined:
        return []
    waiting = " and ".join(
        f"{items:,} wait for {name}"
        for name, items in result.undetermined.select("detector", "items").iter_rows()
    )
    return [
        f"{counted(totals.undetermined, 'item')} ({percent(totals.undetermined / totals.items)}) cannot be "
        f"decided from this run, which never computed a signal that the new strategy needs ({waiting}): "
        "add --compute-missing. What follows is of the others alone."
    ]


def sentence(result: Backtest) -> str:
    totals = result.totals
    decided = totals.items - totals.undetermined
    some = f"{totals.flips:,}" if totals.flips else "none"
    of = f"the other {counted(decided, 'item')}" if totals.undetermined else counted(decided, "item")
    share = f" ({percent(totals.flips / decided)})" if totals.flips else ""
    changes = ", ".join([reviews(result), *_errors(result)])
    before, after = short(result.before), short(result.after)
    return f"Against {before}, {after} flips {some} of {of}{share}: {changes}."


def numbers(result: Backtest) -> list[str]:
    """The let: numbers that change, such as: remove 0.85 → 0.95."""
    changes = [
        f"{name} {DASH if before is None else f'{before:g}'} → {DASH if after is None else f'{after:g}'}"
        for name, before, after in result.let.iter_rows()
    ]
    return [f"Numbers that change: {', '.join(changes)}."] if changes else []


def lacking(result: Backtest) -> list[str]:
    """What would be needed to say more."""
    if result.differences is None:
        return ["There are no labels to say what that does to leakage and overkill."]
    return []


def reviews(result: Backtest) -> str:
    change = int(result.totals.reviews.after - result.totals.reviews.before)
    if not change:
        return "as many reviews"
    return f"{abs(change):,} {'more' if change > 0 else 'fewer'} review{'s' if abs(change) != 1 else ''}"


def difference(row: Mapping[str, Any]) -> str:
    """A difference of two shares with its interval, in points: −0.8 points (−1.3 to −0.3)."""
    if row["estimate"] is None:
        return "not known"
    if row["low"] == row["high"] == 0:
        return "unchanged"
    said = change_in_words(row)
    return f"{said['change']} points ({said['low']} to {said['high']})"


def change_in_words(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of differences as it is shown: error, per, change, low, high, truth, before, after, labels."""
    digits = digits_for(max(abs(row["low"]), abs(row["high"])))
    return {
        "error": MEASURES[row["measure"]],
        "per": row["weight"],
        "change": points(row["estimate"], digits),
        "low": points(row["low"], digits),
        "high": points(row["high"], digits),
        "truth": points(row["truth"], digits),
        "before": percent(row["before"]),
        "after": percent(row["after"]),
        "labels": row["labels"],
    }


def points(value: float | None, digits: int = 2) -> str:
    """A difference of two shares as percentage points with its sign."""
    if value is None:
        return DASH
    number = f"{abs(value) * 100:.{digits}f}"
    sign = "" if float(number) == 0 else "+" if value > 0 else MINUS
    return sign + number


def digits_for(largest: float) -> int:
    """Decimals that show two figures of the largest of some differences, between 1 and 4."""
    size = largest * 100
    return 1 if size == 0 else min(4, max(1, 1 - math.floor(math.log10(size))))


def percent(value: float | None) -> str:
    """Two or three figures that matter: 1.6 %, 0.42 %, 0.0031 %."""
    if value is None:
        return DASH
    number = value * 100
    digits = 1 if number >= 1 or number == 0 else 2 if number >= 0.1 else 4
    return f"{number:.{digits}f} %"


def number(value: float) -> str:
    """A sum with as many decimals as matter: 12,345, 27.1, 0.42."""
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:,.1f}" if abs(value) >= 10 else f"{value:,.2g}"


def compact(number: int) -> str:
    """A count in at most five characters: 950, 12 k, 9.5 M."""
    for size, unit in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if number >= size:
            value = number / size
            return f"{value:.0f} {unit}" if value >= 10 else f"{value:.1f} {unit}"
    return str(number)


def short(strategy: str) -> str:
    """A strategy by name and version with only the first digits of its hash: text 1@ab12…"""
    name, at, digest = strategy.rpartition("@")
    return f"{name}@{digest[:SHORT_HASH]}…" if at else strategy


def _errors(result: Backtest) -> list[str]:
    if result.differences is None:
        return []
    rows = result.differences.filter(pl.col("weight") == "item")
    found = {row["measure"]: row for row in rows.iter_rows(named=True)}
    return [f"{MEASURES[name]} {difference(found[name])}" for name in IN_LEAD if name in found]

"""Figures in words: what the measures are called, and numbers with their intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from django.utils.translation import gettext_lazy as _

from tidegate.runs.backtest_words import change_in_words

MEASURES: Mapping[str, Any] = {
    "leakage_rate": _("Leakage rate"),
    "leakage_share": _("Leakage share"),
    "overkill_rate": _("Overkill rate"),
    "overkill_share": _("Overkill share"),
}
MEANINGS: Mapping[str, Any] = {
    "leakage_rate": _("of what people can see, how much violates"),
    "leakage_share": _("of all that violates, how much got through"),
    "overkill_rate": _("of what was stopped, how much was fine"),
    "overkill_share": _("of all that is fine, how much was stopped"),
}
WEIGHTS: Mapping[str, Any] = {"item": _("by item"), "view": _("by view")}


def difference_rows(differences: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows of `measure.differences` for a table: measure, weight, change, low, high (points), labels."""
    return [
        {
            **change_in_words(row),
            "measure": MEASURES[row["measure"]],
            "weight": WEIGHTS[row["weight"]],
            "known": row["estimate"] is not None,
        }
        for row in differences.iter_rows(named=True)
    ]


def in_percent(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of `measure.estimate` as it is shown: estimate (– where nothing can be said), low, high, labels,
    items; all but counts in percent, with as many figures as the interval deserves."""
    digits = _digits(row["high"] - row["low"])
    shown = {name: _percent(row[name], digits) for name in ("estimate", "low", "high")}
    return {**shown, "labels": row["labels"], "items": row["items"]}


def sentence(rows: Sequence[Mapping[str, Any]]) -> str:
    """A chart in a sentence: which row is the highest and which the lowest, each with its interval."""
    known = [row for row in rows if row["raw"]["estimate"] is not None]
    if not known:
        return str(_("There are no labels to tell."))
    highest = max(known, key=lambda row: row["raw"]["estimate"])
    lowest = min(known, key=lambda row: row["raw"]["estimate"])
    told = {"label": highest["label"], "estimate": highest["estimate"], "low": highest["low"]}
    told |= {"high": highest["high"]}
    if highest is lowest:
        return str(_("%(label)s: %(estimate)s (%(low)s to %(high)s).")) % told
    told |= {"label2": lowest["label"], "estimate2": lowest["estimate"], "low2": lowest["low"]}
    told |= {"high2": lowest["high"]}
    return (
        str(
            _(
                "Highest: %(label)s, %(estimate)s (%(low)s to %(high)s). "
                "Lowest: %(label2)s, %(estimate2)s (%(low2)s to %(high2)s)."
            )
        )
        % told
    )


def extremes(rows: Sequence[Mapping[str, Any]]) -> str:
    """A chart of numbers in a sentence: the highest and the lowest; rows have label and value."""
    known = [row for row in rows if row["value"] is not None]
    if not known:
        return str(_("There are no numbers."))
    highest, lowest = (end(known, key=lambda row: row["value"]) for end in (max, min))
    told = {"label": highest["label"], "value": f"{highest['value']:g}"}
    told |= {"label2": lowest["label"], "value2": f"{lowest['value']:g}"}
    return str(_("Highest: %(label)s, %(value)s. Lowest: %(label2)s, %(value2)s.")) % told


def _digits(width: float) -> int:
    """Decimals of a percentage that show two figures of an interval's width; at most four."""
    return 1 if width <= 0 else min(4, max(0, 1 - math.floor(math.log10(100 * width))))


def _percent(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{100 * value:.{digits}f} %"

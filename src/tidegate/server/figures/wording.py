"""Figures in words: what the measures are called, and numbers with their intervals."""

from __future__ import annotations

from collections.abc import Mapping
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

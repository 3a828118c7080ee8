"""What tuning found, in sentences, and as plain values for JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from tidegate.measure.certificates.outlook import Outlook
from tidegate.runs.backtest_words import percent
from tidegate.runs.tuning.numbers import written
from tidegate.runs.tuning.result import Tuning

NAMES = {"overkill_rate": "overkill rate", "leakage_rate": "leakage rate"}
PLACES = {"overkill_rate": "acted on", "leakage_rate": "passed"}


def in_words(tuning: Tuning, confidence: float) -> Iterator[str]:
    """The lead first, then a line per number, limit and note."""
    group = ", ".join(f"{name} {value}" for name, value in tuning.group.items())
    where = f"{group}: " if group else ""
    if not tuning.certified:
        yield f"{where}no thresholds can be certified with these labels; nothing was changed"
        for one in tuning.failed:
            yield from lacking(one)
    else:
        yield (
            f"{where}{percent(tuning.automated)} of items need no person, "
            f"certified with confidence {confidence:.4g} (before: {percent(tuning.automated_before)})"
        )
        for name, number in tuning.numbers.items():
            before = tuning.before[name]
            now = " as before" if number == before else f" → {written(number)}"
            yield f"{name}: {written(before)}{now}"
        for kept in tuning.kept:
            yield (
                f"{NAMES[kept.measure]} at most {percent(kept.bound)} (limit {percent(kept.at_most)}), from "
                f"{kept.labels:,} labels among the {percent(kept.share)} {PLACES[kept.measure]}"
            )
    yield from tuning.notes


def lacking(one: Outlook) -> Iterator[str]:
    """Which limit failed, by how much, and what would help."""
    yield (
        f"{NAMES[one.measure]}: at most {percent(one.bound)} could be shown, not {percent(one.at_most)} "
        f"(from {one.labels:,} labels among the {percent(one.share)} that would be {PLACES[one.measure]})"
    )
    if one.blind:
        yield (
            "  reviewers of this sensitivity and specificity cannot show so low a rate; "
            "let labels be checked by a second person, or measure the reviewers on more gold items"
        )
    elif one.least is not None:
        yield (
            f"  too few labels to judge any threshold by: one needs about {rounded(one.least):,} among the "
            f"items that it would have {PLACES[one.measure]}, if half of the limit is its true rate"
        )
    elif math.isinf(one.more):
        yield (
            "  more labels alone may not help: wherever there are enough to judge, the rate they show is "
            "not below the limit; a better detector or a higher limit would"
        )
    else:
        times = f"{one.more:,.0f}" if one.more >= 10 else f"{one.more:.1f}"
        yield (
            f"  about {more_labels(one):,} more labels among the surest {percent(one.hope_share)} would be "
            f"enough: {times} times as many as now, drawn in the same way"
        )


def more_labels(one: Outlook) -> int:
    """How many more labels of the most promising set, rounded up to two figures."""
    return rounded(max(one.hope * (one.more - 1), 1.0))


def rounded(labels: float) -> int:
    """A number of labels, rounded up to two figures."""
    unit = 10 ** max(math.floor(math.log10(labels)) - 1, 0)
    return int(math.ceil(labels / unit) * unit)


def _wanted(one: Outlook) -> int | None:
    if one.blind:
        return None
    if one.least is not None:
        return max(rounded(one.least) - one.labels, 1)
    return None if math.isinf(one.more) else more_labels(one)


def as_dict(tuning: Tuning, written_to: str | None) -> dict[str, Any]:
    """The result as plain values."""
    return {
        "group": dict(tuning.group),
        "certified": tuning.certified,
        "numbers": dict(tuning.numbers),
        "before": dict(tuning.before),
        "automation_rate": {"before": tuning.automated_before, "after": tuning.automated},
        "constraints": [asdict(one) for one in tuning.kept],
        "failed": [
            {
                "measure": one.measure,
                "at_most": one.at_most,
                "bound": one.bound,
                "labels": one.labels,
                "more_labels": _wanted(one),
            }
            for one in tuning.failed
        ],
        "labels": len(tuning.rows.labelled),
        "notes": list(tuning.notes),
        "written_to": written_to,
    }

"""A verdict in words: the call first, then for each criterion what it rests on and what is still to come."""

from __future__ import annotations

import math
from collections.abc import Iterator

from tidegate.measure.gates.settings import CHANGES
from tidegate.measure.gates.verdict import Call, Finding, Forecast, Verdict
from tidegate.names import counted

NAMES = {
    "overkill_rate": "overkill rate",
    "leakage_rate": "leakage rate",
    "overkill_change": "rise of wrong actions per decided item",
    "leakage_change": "rise of leaked items per decided item",
}


def in_words(verdict: Verdict) -> list[str]:
    """Lines for a terminal or a report, the verdict in the first."""
    lines = [f"{verdict.call.value.upper()}: {_why(verdict)}"]
    lines += [f"  {reason}" for reason in verdict.reasons]
    for finding in verdict.findings:
        lines += ["", *_finding(finding)]
    if verdict.log_mismatch is not None and verdict.needed_mismatch is not None:
        lines += [
            "",
            "traffic split: evidence of a mismatch "
            f"{_evidence(verdict.log_mismatch, verdict.needed_mismatch)}",
        ]
    return lines


def _why(verdict: Verdict) -> str:
    broken = [NAMES[one.measure] for one in verdict.findings if one.call is Call.ROLL_BACK]
    open_ = [NAMES[one.measure] for one in verdict.findings if one.call is Call.HOLD]
    if broken:
        return f"{' and '.join(broken)} above the limit"
    if open_:
        return f"no answer yet on {' and '.join(open_)}"
    if verdict.call is Call.HOLD:
        return "every limit is kept, but the traffic is not what it should be"
    return "every limit is kept"


def _finding(one: Finding) -> Iterator[str]:
    digits = _digits(one)
    change = one.measure in CHANGES
    sign = "+" if change else ""
    unit = "pp" if change else "%"

    def percent(value: float) -> str:
        return f"{100 * value:{sign}.{digits}f} {unit}"

    labels = counted(one.labels, "label")
    estimate = "unknown" if one.estimate is None else percent(one.estimate)
    yield f"{NAMES[one.measure]}, limit {percent(one.at_most)}: {one.call.value}"
    yield (
        f"  so far {estimate} (between {percent(one.low)} and {percent(one.high)} at every look, {labels}"
        f"{f', {one.awaited:,} awaited' if one.awaited else ''})"
    )
    yield f"  evidence that the limit is kept:   {_evidence(one.log_advance, one.needed_advance)}"
    yield f"  evidence that the limit is broken: {_evidence(one.log_roll_back, one.needed_roll_back)}"
    if one.since:
        yield f"  it speaks loudest from label {one.since + 1:,} on: the arm has changed"
    for reason in one.reasons:
        yield f"  {reason}"
    if one.forecast is not None:
        yield f"  forecast{', if labels go on like this' if one.awaited else ''}: {_ahead(one.forecast)}"


def _evidence(log_e: float, needed: float) -> str:
    share = max(log_e, 0.0) / needed
    if log_e < math.log(10):
        found = f"{math.exp(log_e):.2g}"
    elif log_e < math.log(1e6):
        found = f"{math.exp(log_e):,.0f}"
    else:
        found = f"10^{log_e / math.log(10):.0f}"
    # Evidence multiplies from label to label, so the way to what is needed is that of its logarithm.
    return f"{found} of {math.exp(needed):,.0f} to 1 ({min(share, 1):.0%} of the way, on a log scale)"


def _ahead(coming: Forecast) -> str:
    chances = f"advance {coming.advance:.0%}, roll back {coming.roll_back:.0%}"
    if coming.labels is None:
        return f"most likely no answer within {coming.within:,} more labels ({chances})"
    days = f", or {coming.days:,.1f} days" if coming.days is not None else ""
    return f"an answer after about {counted(coming.labels, 'more label')}{days} ({chances})"


def _digits(one: Finding) -> int:
    """Decimals of a percentage that tell the limit and show two figures of it."""
    size = abs(one.at_most) or (one.high - one.low) / 10
    return min(max(1, 2 - math.floor(math.log10(100 * size))), 6) if size else 2

"""A gate's verdict, from the recorded labels alone: given the same record it always says the same."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from tidegate.errors import MeasureError, Where
from tidegate.measure.gates.finding import finding
from tidegate.measure.gates.frames import checked, weights
from tidegate.measure.gates.ratio import mismatch
from tidegate.measure.gates.settings import GateSettings
from tidegate.measure.gates.verdict import Call, Verdict


def judge(
    settings: GateSettings,
    labels: pl.DataFrame,
    *,
    traffic: pl.DataFrame | None = None,
    labels_per_day: Mapping[str, float] | None = None,
    forecast: bool = True,
) -> Verdict:
    """Advance, hold or roll back, from the labels so far.

    Args:
        labels: one row per drawn item, in the order in which the items were decided.
            `x`: 1 for an error, 0 for none, null while the label is awaited; for a change (d + 1)/2, as
            `rows.change_rows` gives it.
            `weight`: 1/probability of being drawn; optional, all alike without it.
            `measure`: for which criterion the row counts; optional where there is one only.
        traffic: items decided per arm, one row per batch; needed where the settings have a split.
        labels_per_day: the pace of each measure, for forecasts in days.
        forecast: whether to look ahead; it takes most of the time.

    Returns:
        The verdict. It advances when all criteria are met, and nothing speaks against it; it rolls back
        when one is broken. In every other case it holds.

    Raises:
        MeasureError: the labels or the traffic are not such frames.

    Errors: over the gate's whole life, with a look after every label, an arm above one of its limits advances
    with probability at most `false_launches`, an arm within its limits is rolled back with at most
    `false_roll_backs` (J. Ville 1939): see `Evidence` for arms that change, and `late` for labels that come
    late.
    """
    frame = checked(settings, labels)
    pace = labels_per_day or {}
    findings = []
    for criterion in settings.criteria:
        mine = frame.filter(pl.col("measure") == criterion.measure)
        x, a = mine["x"].to_numpy(), weights(criterion, mine["weight"].to_numpy())
        findings.append(finding(settings, criterion, x, a, pace=pace.get(criterion.measure), ahead=forecast))
    reasons = []
    log_mismatch = None
    if settings.split is not None:
        if traffic is None:
            raise MeasureError(
                "there is a split to check, and no traffic",
                where=Where(field="traffic"),
                remedy="Give the items decided per arm, one row per batch.",
            )
        log_mismatch = mismatch(traffic, settings.split)
    needed_mismatch = float(np.log(1 / settings.mismatches))
    mismatched = log_mismatch is not None and log_mismatch >= needed_mismatch
    if mismatched:
        reasons.append("the arms do not get the shares of the traffic that they should")
    calls = [finding.call for finding in findings]
    if Call.ROLL_BACK in calls:
        call = Call.ROLL_BACK
    elif Call.HOLD in calls or mismatched:
        call = Call.HOLD
    else:
        call = Call.ADVANCE
    return Verdict(
        call=call,
        reasons=tuple(reasons),
        findings=tuple(findings),
        log_mismatch=log_mismatch,
        needed_mismatch=None if log_mismatch is None else needed_mismatch,
    )

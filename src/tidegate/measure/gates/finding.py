"""One criterion of a gate: its call, the evidence and the interval behind it, and what is still to come."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tidegate.measure.gates.bets import above, below
from tidegate.measure.gates.evidence import Stakes
from tidegate.measure.gates.forecast import forecast_paths
from tidegate.measure.gates.late import Standing, standing
from tidegate.measure.gates.scale import answerable, interval, possible, stakes, true
from tidegate.measure.gates.sequence import lower_limit, upper_limit
from tidegate.measure.gates.settings import Criterion, GateSettings
from tidegate.measure.gates.verdict import Call, Finding, Forecast

Floats = npt.NDArray[np.float64]

HORIZON = 10_000
"""Further labels that a forecast looks ahead where there is no budget."""

FORETOLD_FROM = 10
"""Labels; from fewer a forecast would tell its prior and nothing else."""


def finding(
    settings: GateSettings, criterion: Criterion, x: Floats, a: Floats, *, pace: float | None, ahead: bool
) -> Finding:
    """What the labels say about one criterion.

    It is met, or broken, where the evidence has reached 1/α (J. Ville 1939, see `Evidence`); its interval is
    the confidence sequence of the same bets (I. Waudby-Smith and A. Ramdas 2024, see `sequence`).

    Args:
        x: (n,) labels in [0, 1] in the order of decision, NaN where awaited.
        a: (n,) weights in units of the heaviest.
        pace: labels a day, for the forecast.
        ahead: whether to forecast.
    """
    if not criterion.testable:
        return _nothing_to_learn(settings, criterion, x, a)
    plan = stakes(criterion, settings.to_advance, float(a.mean()) if len(a) else 1.0)
    stands = standing(plan, x, a)
    come = ~np.isnan(x)
    low, high = _limits(settings, plan, x, a, stands)
    believable = possible(criterion, high)
    call = _call(settings, stands, believable)
    reasons = _reasons(criterion, call, come, believable)
    low, high = interval(criterion, low, high)
    coming = None
    # With bounds that cannot be right no further label gives an answer: they would have to be mended first.
    if ahead and believable and call is Call.HOLD and come.sum() >= FORETOLD_FROM:
        coming = _forecast(settings, plan, x[come], a[come], pace)
        if coming.futile:
            reasons.append("this gate will most likely not answer within its budget of labels")
    return Finding(
        measure=criterion.measure,
        at_most=criterion.at_most,
        call=call,
        estimate=_estimate(criterion, x[come], a[come]),
        low=low,
        high=high,
        labels=int(come.sum()),
        awaited=int((~come).sum()),
        log_advance=stands.advance,
        log_roll_back=stands.roll_back,
        needed_advance=float(np.log(settings.to_advance)),
        needed_roll_back=float(np.log(settings.to_roll_back)),
        since=stands.since if call is Call.ROLL_BACK else None,
        reasons=tuple(reasons),
        forecast=coming,
    )


def _nothing_to_learn(settings: GateSettings, criterion: Criterion, x: Floats, a: Floats) -> Finding:
    """Of a change whose limit no label can speak for or against: see `Criterion.testable`.

    Of the items so far it is known without labels that the limit is kept, or broken. But those to come may
    differ, and at an early look many arms that will have not done so yet. To advance on that would launch
    them.
    """
    come = ~np.isnan(x)
    return Finding(
        measure=criterion.measure,
        at_most=criterion.at_most,
        call=Call.HOLD,
        estimate=_estimate(criterion, x[come], a[come]) if criterion.share else 0.0,
        low=criterion.lowest,
        high=criterion.highest,
        labels=int(come.sum()),
        awaited=int((~come).sum()),
        log_advance=0.0,
        log_roll_back=0.0,
        needed_advance=float(np.log(settings.to_advance)),
        needed_roll_back=float(np.log(settings.to_roll_back)),
        since=None,
        reasons=(_untestable(criterion),),
        forecast=None,
    )


def _untestable(criterion: Criterion) -> str:
    error = "overkill" if criterion.about_overkill else "leakage"
    if not criterion.share:
        return (
            f"the arm and the current strategy do not differ in {error} on a single item so far, so no label "
            "can answer: leave this limit out to decide without it, or compare more items"
        )
    return (
        f"the arm and the current strategy differ in {error} on {criterion.share:.3%} of the items so far, "
        "so no label can show a change beyond that, and none can answer: give a limit above "
        f"{criterion.lowest:.2g} and below {criterion.highest:.2g}, or leave this one out"
    )


def _call(settings: GateSettings, stands: Standing, believable: bool) -> Call:
    if stands.roll_back >= np.log(settings.to_roll_back):
        return Call.ROLL_BACK
    met = stands.advance >= np.log(settings.to_advance)
    return Call.ADVANCE if met and believable else Call.HOLD


def _reasons(criterion: Criterion, call: Call, come: npt.NDArray[np.bool_], believable: bool) -> list[str]:
    reasons = []
    if not len(come):
        reasons.append("no traffic: no item was drawn to be labelled")
    elif not come.any():
        reasons.append(f"none of {len(come):,} drawn items has a label yet")
    elif call is Call.HOLD and not come.all():
        reasons.append(
            f"missing labels: {int((~come).sum()):,} of {len(come):,} drawn items have none yet, and count "
            "as the worst that they could be"
        )
    if not believable:
        reasons.append(
            "the labels show fewer errors than such reviewers would report of an arm that makes none: the "
            "bounds of sensitivity and specificity cannot be right"
        )
    if call is Call.HOLD and not answerable(criterion):
        reasons.append(
            "with reviewers known no better than this even an arm without errors could not advance: narrow "
            "the bounds of sensitivity and specificity with more gold items, or raise the limit"
        )
    return reasons


def _limits(
    settings: GateSettings, plan: Stakes, x: Floats, a: Floats, stands: Standing
) -> tuple[float, float]:
    """The confidence sequence of the mean of x, at three places; all hold at once, so the tightest counts."""
    worse = plan.above.aimed / plan.above.limit
    better = plan.below.aimed / plan.below.limit
    awaited = np.isnan(x)
    low, high = 0.0, 1.0
    for end in {stands.worst, stands.counted, len(x)}:
        fewest, most = np.where(awaited, 0.0, x)[:end], np.where(awaited, 1.0, x)[:end]
        low = max(low, lower_limit(lambda m: above(m, worse * m), fewest, a[:end], settings.to_roll_back))
        high = min(high, upper_limit(lambda m: below(m, better * m), most, a[:end], settings.to_advance))
    return low, max(low, high)


def _estimate(criterion: Criterion, x: Floats, a: Floats) -> float | None:
    if not a.sum() > 0:
        return None
    middle = criterion.reviewers.middle(criterion.about_overkill)
    return true(criterion, float((a * x).sum() / a.sum()), *middle)


def _forecast(settings: GateSettings, plan: Stakes, x: Floats, a: Floats, pace: float | None) -> Forecast:
    within = HORIZON if settings.budget is None else max(settings.budget - len(x), 0)
    answers = forecast_paths(
        plan,
        x,
        a,
        within=min(within, HORIZON),
        to_advance=settings.to_advance,
        to_roll_back=settings.to_roll_back,
        seed=settings.seed,
    )
    median = float(np.median(answers.first))
    answered = np.isfinite(answers.first)
    return Forecast(
        labels=int(median) if np.isfinite(median) else None,
        days=median / pace if pace and np.isfinite(median) else None,
        advance=float(np.isfinite(answers.advance).mean()),
        roll_back=float(np.isfinite(answers.roll_back).mean()),
        within=min(within, HORIZON),
        futile=settings.budget is not None and float(answered.mean()) < 0.5,
    )

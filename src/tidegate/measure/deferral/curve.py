"""The cost curve of a cascade: what share of the judge's F1 is kept at what share of items judged.

Thresholds are chosen on one part of the items and tried on another, so that a curve promises nothing that was
only found by looking.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from tidegate.measure.agreement import share as share_of
from tidegate.measure.deferral.band import Band, best_band, symmetric_band
from tidegate.measure.deferral.blend import Blend, fit_blend

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

CURVE = {
    "way": pl.String,
    "allowed": pl.Float64,
    "judged": pl.Float64,
    "f1": pl.Float64,
    "of_judge": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "from": pl.Float64,
    "to": pl.Float64,
}
"""way: `fixed` (the items nearest to a threshold of 0.5), `tuned` (two thresholds on the same score), `blend`
(two thresholds on the weighted sum of all signals), `possible` (the best choice of items that anybody who
knew all answers could make for the blend).
allowed: share that was allowed; judged: share of the tried items that was. f1: of the cascade against the
truth; of_judge: its ratio to the judge's own, with a 95 % interval low to high (percentile bootstrap over the
tried items, and what it cannot show, see `_interval`). from, to: the thresholds."""

FIXED, TUNED, BLEND, POSSIBLE = "fixed", "tuned", "blend", "possible"
DRAWS = 500
THRESHOLDS = 60


def curve(
    signals: Sequence[str],
    values: Floats,
    judge: Bools,
    truth: Bools,
    tuning: Bools,
    shares: Sequence[float],
    *,
    seed: int = 0,
) -> tuple[pl.DataFrame, Blend]:
    """The curve, and the blend that was fitted.

    Args:
        signals: names of the k filter signals, probabilities; the plain score is the highest of them.
        values: n × k, NaN where missing. judge, truth: n. tuning: which of the n choose thresholds; on the
            others they are tried. shares: of items that may be judged.

    Returns:
        A frame with the columns of `CURVE`, by way and share.
    """
    plain = np.nan_to_num(values).max(axis=1)
    blend = fit_blend(signals, values[tuning], judge[tuning])
    blended = blend.scores(values)
    tried = ~tuning
    chance = np.random.default_rng(seed)
    draws = chance.integers(0, int(tried.sum()), (DRAWS, int(tried.sum())))
    rows = []
    for share in shares:
        bands = {
            FIXED: (plain, symmetric_band(plain[tuning], share)),
            TUNED: (plain, best_band(plain[tuning], judge[tuning], share)),
            BLEND: (blended, best_band(blended[tuning], judge[tuning], share)),
        }
        for way, (scores, band) in bands.items():
            verdicts = _fixed(scores, band, judge) if way == FIXED else band.verdicts(scores, judge)
            rows.append(
                _row(
                    way, share, band.judged(scores)[tried], verdicts[tried], judge[tried], truth[tried], draws
                )
                | {"from": band.low, "to": band.high}
            )
        chosen, verdicts = _possible(blended[tried], judge[tried], truth[tried], share)
        rows.append(
            _row(POSSIBLE, share, chosen, verdicts, judge[tried], truth[tried], draws)
            | {"from": None, "to": None}
        )
    return pl.DataFrame(rows, schema=CURVE), blend


def f1_of(truth: Bools, verdict: Bools) -> float:
    """2 TP / (2 TP + FP + FN); 0 where nothing violates and nothing is said to."""
    total = int(truth.sum()) + int(verdict.sum())
    return 2 * int((truth & verdict).sum()) / total if total else 0.0


def _fixed(scores: Floats, band: Band, judge: Bools) -> Bools:
    """Outside the band the plain threshold in its middle decides."""
    middle = (band.low + band.high) / 2
    return np.where(band.judged(scores), judge, scores >= middle)


def _possible(scores: Floats, judge: Bools, truth: Bools, share: float) -> tuple[Bools, Bools]:
    """The items to judge, and the verdicts, of somebody who knows the truth: for the best single threshold,
    as many as are allowed of those where the judge is right and the threshold is not.

    Misses come first: for F1 a found positive is worth more than a false one less.
    """
    best: tuple[float, Bools, Bools] | None = None
    for threshold in np.unique(np.quantile(scores, np.linspace(0, 1, THRESHOLDS))):
        alone = scores >= threshold
        mended = np.flatnonzero((alone != judge) & (judge == truth))
        chosen = np.zeros(len(alone), dtype=bool)
        chosen[mended[np.argsort(~truth[mended], kind="stable")][: int(share * len(alone))]] = True
        verdicts = np.where(chosen, judge, alone)
        f1 = f1_of(truth, verdicts)
        if best is None or f1 > best[0]:
            best = f1, chosen, verdicts
    assert best is not None
    return best[1], best[2]


def _row(
    way: str,
    share: float,
    judged: Bools,
    verdicts: Bools,
    judge: Bools,
    truth: Bools,
    draws: npt.NDArray[np.int64],
) -> dict[str, object]:
    own = f1_of(truth, judge)
    f1 = f1_of(truth, verdicts)
    low, high = _interval(verdicts, judge, truth, draws)
    return {
        "way": way,
        "allowed": share,
        "judged": float(judged.mean()),
        "f1": f1,
        "of_judge": f1 / own if own else float("nan"),
        "low": low,
        "high": high,
    }


def _interval(
    verdicts: Bools, judge: Bools, truth: Bools, draws: npt.NDArray[np.int64]
) -> tuple[float, float]:
    """Limits of the cascade's F1 over the judge's.

    Drawing again shows little of what hardly happened: that the cascade errs where the judge does not, or the
    other way round. Both are reckoned with as often as may be after all (the exact upper limit of a share,
    Clopper and Pearson 1934), what was not seen of it as hits lost, or found.
    """
    own = f1_of(truth, judge)
    if not own:
        return float("nan"), float("nan")
    bases = [(drawn, f1_of(truth[drawn], judge[drawn])) for drawn in draws]
    ratios = [f1_of(truth[drawn], verdicts[drawn]) / base for drawn, base in bases if base]
    low, high = (float(limit) for limit in np.quantile(ratios, [0.025, 0.975]))
    hits, total = int((truth & verdicts).sum()), int(truth.sum() + verdicts.sum())
    right, judge_right = verdicts == truth, judge == truth
    fewer = min(_unseen(judge_right & ~right), hits)
    more = _unseen(right & ~judge_right)
    low = min(low, 2 * (hits - fewer) / (total - fewer) / own)
    high = max(high, min(1.0, 2 * (hits + more) / (total + more)) / own)
    return low, high


def _unseen(happened: Bools) -> float:
    """How many more of these there may be than happened."""
    seen = int(happened.sum())
    return share_of(seen, len(happened)).high * len(happened) - seen

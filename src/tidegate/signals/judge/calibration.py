"""From a model's own confidence to probabilities that hold on labels: one slope and shift per policy."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tidegate.errors import SignalError, Where
from tidegate.signals.judge.confidence import bounded

FEWEST = 25
"""So many labels of either kind a policy needs; with fewer a slope says more about chance than about the
model."""

REMEDY = "Make it anew with `tidegate policy calibrate`, or take it out of tidegate.toml."


@dataclass(frozen=True)
class Calibration:
    """`judge` is the id of the judge that was calibrated; slope and shift by policy id."""

    judge: str
    lines: Mapping[str, tuple[float, float]]

    def probability(self, policy_id: str, raw: float) -> float:
        if policy_id not in self.lines:
            return raw
        slope, shift = self.lines[policy_id]
        return bounded(1 / (1 + math.exp(-max(min(slope * logit(raw) + shift, 30.0), -30.0))))


NONE = Calibration("", {})


def logit(probability: float) -> float:
    kept = bounded(probability)
    return math.log(kept / (1 - kept))


def fitted(raw: Sequence[float], labels: Sequence[bool]) -> tuple[float, float] | None:
    """Slope and shift by Platt's method, on his smoothed targets; None with too few labels of either kind.

    J. Platt 1999, Probabilistic outputs for support vector machines.
    """
    y = np.asarray(labels, dtype=bool)
    positives, negatives = int(y.sum()), int((~y).sum())
    if min(positives, negatives) < FEWEST:
        return None
    x = np.array([logit(one) for one in raw])
    target = np.where(y, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    design = np.column_stack([x, np.ones_like(x)])
    line: NDArray[np.float64] = np.array([1.0, 0.0])
    for _ in range(100):
        p = 1 / (1 + np.exp(-np.clip(design @ line, -30, 30)))
        # A slight pull towards leaving scores as they are keeps separable labels finite.
        gradient = design.T @ (p - target) + 1e-3 * (line - [1.0, 0.0])
        hessian = (design * (p * (1 - p))[:, None]).T @ design + 1e-3 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        line = line - np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-9:
            break
    return float(line[0]), float(line[1])


def write(path: Path, calibration: Calibration) -> None:
    lines = {name: {"slope": slope, "shift": shift} for name, (slope, shift) in calibration.lines.items()}
    text = json.dumps({"judge": calibration.judge, "policies": lines}, indent=2) + "\n"
    path.write_text(text, encoding="utf-8")


def read(path: Path, judge: str) -> Calibration:
    """The calibration in a file, which must be of this judge.

    Raises:
        SignalError: it cannot be read, or is of another prompt, policy version, model or setting.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        lines = {
            str(name): (float(line["slope"]), float(line["shift"]))
            for name, line in found["policies"].items()
        }
        calibration = Calibration(str(found["judge"]), lines)
    except FileNotFoundError as error:
        raise _unreadable("there is no such calibration", path) from error
    except OSError as error:
        raise _unreadable(f"the calibration cannot be read: {error.strerror}", path) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        # Which field is amiss helps nobody: the file is not written by hand.
        raise _unreadable("this is no file that `tidegate policy calibrate` wrote", path) from error
    if calibration.judge != judge:
        raise SignalError(
            "the calibration is of another judge: prompt, policy, model or a setting has changed since",
            where=Where(path),
            remedy=REMEDY,
        )
    return calibration


def _unreadable(what: str, path: Path) -> SignalError:
    return SignalError(what, where=Where(path), remedy=REMEDY)

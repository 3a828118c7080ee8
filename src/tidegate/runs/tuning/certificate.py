"""The certificate file beside a strategy: what was proved of its thresholds, from what, and until when.

`text.yaml` has `text.certificate.json`. The file says enough to see by itself that it no longer applies.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import tidegate
from tidegate.errors import MeasureError, TidegateError, Where
from tidegate.measure.gates.reviewers import Reviewers
from tidegate.runs.tuning.numbers import plain_numbers, written
from tidegate.runs.tuning.result import Tuning
from tidegate.strategy import Strategy, nodes
from tidegate.tables import ITEM_SIGNALS, Catalog, SignalType

FORMAT = "tidegate-certificate-1"
METHOD = (
    "learn then test: fallback sequences over nested sets, exact binomial tests where all chances of a label "
    "are equal and gamma tests where they are not"
)
OPTIONS = {"overkill_rate": "--overkill-at-most", "leakage_rate": "--leakage-at-most"}
SAME = 1e-9
ORDER = (nodes.Comparison.LT, nodes.Comparison.LE, nodes.Comparison.GT, nodes.Comparison.GE)


def certificate_path(strategy: Path) -> Path:
    return strategy.with_name(f"{strategy.stem}.certificate.json")


def conditions_hash(strategy: Strategy) -> str:
    """SHA-256 over what decides besides the let: numbers: conditions, actions and what these mean."""
    rules = [[rule.when, rule.then, strategy.ladder[rule.then].outcome.value] for rule in strategy.rules]
    return hashlib.sha256(json.dumps(rules, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()


def certificate(
    tuning: Tuning,
    catalog: Catalog,
    *,
    run: Path,
    confidence: float,
    reviewers: Reviewers,
    cost: Mapping[str, float],
    made_at: datetime,
    expires: timedelta,
) -> dict[str, Any]:
    """The content of the file, as plain values."""
    strategy = tuning.strategy
    return {
        "format": FORMAT,
        "strategy": {
            "name": strategy.name,
            "version": strategy.version,
            "hash": strategy.hash,
            "conditions": conditions_hash(strategy),
        },
        "let": dict(strategy.let),
        "tuned": dict(tuning.numbers),
        "speaks_for": list(tuning.speaks_for),
        "detectors": {name: catalog.detectors[name].version for name in sorted(strategy.detectors)},
        "for": dict(tuning.group),
        "confidence": confidence,
        "constraints": [asdict(one) for one in tuning.kept],
        "method": METHOD,
        "reviewers": asdict(reviewers),
        "automation_rate": {"before": tuning.automated_before, "after": tuning.automated},
        "cost": dict(cost),
        "data": {
            "run": run.name,
            "items": tuning.rows.total,
            "labels": len(tuning.rows.labelled),
            "labels_tested_with": tuning.used,
            "sha256": tuning.rows.digest,
        },
        "made_at": made_at.isoformat(timespec="seconds"),
        "expires_at": (made_at + expires).isoformat(timespec="seconds"),
        "tidegate": tidegate.__version__,
    }


def stale(strategy: Strategy, catalog: Catalog, now: datetime) -> list[TidegateError]:
    """Why no certificate speaks for the thresholds of a strategy as they are; empty where one does."""
    path = certificate_path(Path(strategy.file))
    if not path.is_file():
        return list(_missing(strategy))
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        outdated = [
            MeasureError(
                what, where=Where(path), remedy="Run `tidegate tune` again, or delete the certificate."
            )
            for what in _reasons(found, strategy, catalog, now)
        ]
        return [*outdated, *_left_out(found, strategy, path)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return [
            MeasureError(
                "this certificate cannot be read", where=Where(path), remedy="Run `tidegate tune` again."
            )
        ]


def _missing(strategy: Strategy) -> Iterator[MeasureError]:
    """One warning for the let: numbers that rules read, and one for the thresholds written into rules."""
    names = [name for name in strategy.let if _is_read(name, strategy)]
    if names:
        yield MeasureError(
            f"no certificate speaks for {', '.join(names)}",
            where=Where(strategy.file, field="let"),
            remedy="`tidegate tune` chooses thresholds that keep a limit, and certifies it.",
        )
    bare = [
        rule for rule in strategy.rules if rule.condition and _has_bare_threshold(rule.condition, strategy)
    ]
    if bare:
        rules = ", ".join(f"'{rule.id}'" for rule in bare)
        yield MeasureError(
            f"no certificate speaks for the thresholds written into {rules}",
            where=Where(strategy.file, line=bare[0].line, field="when"),
            remedy="Name such a number under let:, so that `tidegate tune` can choose and certify it.",
        )


def _left_out(found: Mapping[str, Any], strategy: Strategy, path: Path) -> Iterator[MeasureError]:
    """The thresholds of which one limit alone says nothing, and the limit that would.

    A certificate from before it said what it speaks for is taken at what it tuned.
    """
    measures = {one["measure"] for one in found["constraints"]}
    if measures >= set(OPTIONS):
        return
    spoken = found.get("speaks_for", list(found["tuned"]))
    plain = plain_numbers(strategy.text)
    names = [name for name in plain if name in found["let"] and name not in spoken]
    about = " and ".join(sorted(one.removesuffix("_rate") for one in measures))
    for name in names:
        if _is_read(name, strategy):
            missing = next(option for measure, option in OPTIONS.items() if measure not in measures)
            yield MeasureError(
                f"the threshold '{name}' has no certificate: {path.name} is about {about} alone, "
                "which does not depend on it",
                where=Where(strategy.file, field=f"let.{name}"),
                remedy=f"Run `tidegate tune` with {missing} as well.",
            )


def _is_read(name: str, strategy: Strategy) -> bool:
    return any(re.search(rf":{re.escape(name)}\b", rule.when or "") for rule in strategy.rules)


def _has_bare_threshold(condition: nodes.Condition, strategy: Strategy) -> bool:
    """Whether a detector's number is held against one that is written here, and is no let: number."""
    named = set(strategy.let.values())
    for test in nodes.tests(condition):
        if isinstance(test, nodes.Compare) and test.operator in ORDER:
            parts = list(nodes.values(test))
            signals = [part for part in parts if isinstance(part, nodes.Signal)]
            constants = [part for part in parts if isinstance(part, nodes.Constant)]
            if any(one.detector != ITEM_SIGNALS.name for one in signals) and any(
                one.type is SignalType.NUMBER and one.value not in named for one in constants
            ):
                return True
    return False


def _reasons(found: Mapping[str, Any], strategy: Strategy, catalog: Catalog, now: datetime) -> list[str]:
    if found["format"] != FORMAT:
        raise ValueError(found["format"])
    reasons = []
    if now >= datetime.fromisoformat(found["expires_at"]):
        reasons.append(f"the certificate expired at {found['expires_at']}")
    if conditions_hash(strategy) != found["strategy"]["conditions"]:
        reasons.append("the strategy's rules are not those that were certified")
    for name, number in strategy.let.items():
        if name not in found["let"]:
            reasons.append(f"the number '{name}' has no certificate")
        elif abs(number - found["let"][name]) > SAME * max(abs(number), 1.0):
            reasons.append(
                f"the number '{name}' is {written(number)}, but {written(found['let'][name])} was certified"
            )
    for name, version in found["detectors"].items():
        now_version = catalog.detectors[name].version if name in catalog.detectors else "not there"
        if now_version != version:
            reasons.append(f"the detector {name} was {version} and is {now_version}")
    return reasons

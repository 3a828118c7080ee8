"""Content decided by the active strategy and not kept: what it would do, and how likely each harm is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
from django.utils import timezone

from tidegate.errors import TidegateError, Where
from tidegate.policy.ladder import Ladder, Outcome
from tidegate.policy.load import load_policies
from tidegate.runs.bench import Bench
from tidegate.server.content.arrivals import CONTENT
from tidegate.server.content.deciding import ZONE, Decided, decide, frame_of, said_by
from tidegate.server.launches.decider import site
from tidegate.signals import Detector
from tidegate.signals.judge.detector import Judge
from tidegate.tables import DetectorSpec, SignalType


class UnreadableError(TidegateError):
    """No detector reads content of this kind, so nothing could be said of it."""


@dataclass(frozen=True)
class Part:
    """A piece of content: its kind, and its text or where its media lies."""

    kind: str
    content: str

    @property
    def columns(self) -> dict[str, Any]:
        name = "text" if self.kind == "text" else "media"
        return {**dict.fromkeys(CONTENT), "kind": self.kind, name: self.content}


@dataclass(frozen=True)
class Chance:
    """The chance of a harm, and whether the detector that gives it calls it there."""

    value: float
    violates: bool


@dataclass(frozen=True)
class Verdict:
    """What would be done about one part.

    Attributes:
        action, rule, policy: of the deciding rule; rule and policy None where a detector failed.
        flagged: whether it does not simply pass.
        harms: calibrated chance of each harm area that a detector speaks for.
        meant: the harm areas for which it is flagged.
    """

    kind: str
    action: str
    rule: str | None
    policy: str | None
    flagged: bool
    harms: Mapping[str, float]
    meant: frozenset[str]


def verdicts(bench: Bench, zone: str, parts: Sequence[Part]) -> list[Verdict]:
    """One verdict per part, in their order. Nothing is stored, counted or drawn for the audit sample.

    Raises:
        UnreadableError: no detector says anything of a part that is no text.
    """
    bench = _keeping_nothing(bench)
    judges = [spec for spec in bench.catalog.detectors.values() if any(_judging(spec))]
    keys = [(zone, f"moderation-{number}") for number in range(len(parts))]
    contents = [part.columns for part in parts]
    numbers: list[dict[str, int | None]] = [{"views": None, "reports": 0}] * len(parts)
    decided = decide(bench, keys, contents, numbers, {}, timezone.now())
    frame = frame_of(keys, contents, numbers).drop(ZONE)
    harms = _harms(bench, judges, parts, frame, decided)
    for part, found in zip(parts, harms, strict=True):
        if part.kind != "text" and not found:
            raise UnreadableError(
                f"no detector reads content of the kind '{part.kind}'",
                where=Where(field="input"),
                remedy="Send text alone, or add a detector for it to tidegate.toml.",
            )
    return [_verdict(bench, part, one, found) for part, one, found in zip(parts, decided, harms, strict=True)]


def _keeping_nothing(bench: Bench) -> Bench:
    """The same bench with judges that keep no answer: nobody could ever erase what is no item."""
    return replace(bench, detectors={**bench.detectors, **_forgetful_judges()})


@cache
def _forgetful_judges() -> Mapping[str, Detector]:
    return {
        name: replace(one, remember=False) for name, one in site().detectors.items() if isinstance(one, Judge)
    }


def _verdict(bench: Bench, part: Part, decided: Decided, found: Mapping[str, Chance]) -> Verdict:
    ladder, rule = bench.strategy.ladder, decided.case.rule
    action = ladder.review if rule is None else rule.then
    flagged = ladder[action].outcome is not Outcome.PASSED
    policy = None if rule is None else rule.policy
    return Verdict(
        kind=part.kind,
        action=action,
        rule=None if rule is None else rule.id,
        policy=policy,
        flagged=flagged,
        harms={harm: chance.value for harm, chance in found.items()},
        meant=frozenset(_meant(bench, policy, found) if flagged else ()),
    )


def _meant(bench: Bench, policy: str | None, found: Mapping[str, Chance]) -> set[str]:
    """The harm of the enforced policy, and those that a detector says are there; else the likeliest."""
    meant = {harm for harm, chance in found.items() if chance.violates}
    if policy is not None:
        harms = _harm_of(bench.workspace.policies, bench.workspace.ladder)
        meant |= {harms[policy]} if policy in harms else set()
    return meant or ({max(found, key=lambda harm: found[harm].value)} if found else set())


@cache
def _harm_of(folder: Path, ladder: Ladder) -> dict[str, str]:
    """The harm area of each policy of the workspace, read once per process as its detectors are."""
    return {name: policy.harm for name, policy in load_policies(folder, ladder).items()}


def _harms(
    bench: Bench,
    judges: Sequence[DetectorSpec],
    parts: Sequence[Part],
    frame: pl.DataFrame,
    decided: Sequence[Decided],
) -> list[dict[str, Chance]]:
    """Per part and harm: the highest chance that a detector gives, and whether one says that it violates.

    Detectors that the cascade could do without are asked now: the categories are wanted in full.
    """
    found: list[dict[str, Chance]] = [{} for _ in parts]
    for spec in judges:
        said = [one.signals.get(spec.name) for one in decided]
        missing = [place for place, part in enumerate(parts) if part.kind in spec.kinds and not said[place]]
        if missing:
            answers = said_by(spec, bench.ask(spec.name, frame[missing]))
            for place, answer in zip(missing, answers, strict=True):
                said[place] = answer
        for field, harm, threshold in _judging(spec):
            for chances, values in zip(found, said, strict=True):
                value = None if values is None else values[field]
                if value is not None:
                    known = chances.get(harm, Chance(0.0, False))
                    chances[harm] = Chance(max(known.value, value), known.violates or value >= threshold)
    return found


def _judging(spec: DetectorSpec) -> Iterator[tuple[str, str, float]]:
    """The fields that give the chance of a harm, with the harm and the chance from which it is there."""
    for field in spec.fields:
        if field.harm is not None and field.threshold is not None and field.type is SignalType.NUMBER:
            yield field.name, field.harm, field.threshold

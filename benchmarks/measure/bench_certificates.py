"""Certificates, recalibrated a thousand times: how often a limit is broken, and how much is automated.

Two thresholds on one score: act from the upper one, let pass below the lower one, a person for the rest.
Every recalibration draws its labels anew from the same traffic. Beside ours, on the same labels: thresholds
that were fixed beforehand, tested once each, and the risk controller of MAPIE where it is installed: as it
is unless told, and with the best, in hindsight, of four of its procedures.
`python -m benchmarks.measure.bench_certificates [recalibrations] [of MAPIE]` prints the table of
docs/measurement/certificates.md. Real posts need the folder TIDEGATE_DATA.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.figure import Figure
from benchmarks.measure.certificate_cases import Case, Setting, all_cases, oracle
from benchmarks.measure.certifiers import Certifier, fixed, mapie, ours

RECALIBRATIONS = 1000
RECALIBRATIONS_OF_MAPIE = 30
STARTS_OF_MAPIE = (0, 3, 5, 10)


@dataclass(frozen=True)
class Score:
    """What a certifier did over its recalibrations."""

    broken: float
    automated: float


def measured(case: Case, certify: Certifier, repetitions: int, seed: int = 1) -> Score:
    rng = np.random.default_rng(seed)
    broken, automated = 0, 0.0
    for _ in range(repetitions):
        found = certify(case.draw(rng))
        broken += case.broken(*found)
        automated += case.automated(*found)
    return Score(broken / repetitions, automated / repetitions)


@dataclass(frozen=True)
class Row:
    """Every certifier on one case."""

    case: Case
    oracle: float
    ours: Score
    fixed: Score
    mapie: Score | None
    mapie_best: Score | None
    """Of several procedures, the one that automated most."""


def results(repetitions: int, of_mapie: int) -> Iterator[Row]:
    for case in all_cases():
        # MAPIE knows neither weights nor fallible reviewers.
        rivals = [mapie(case.traffic, starts) for starts in STARTS_OF_MAPIE] if _plain(case.setting) else []
        theirs = [measured(case, one, of_mapie) for one in rivals if one]
        yield Row(
            case,
            oracle(case),
            measured(case, ours(case.traffic), repetitions),
            measured(case, fixed(case.traffic), repetitions),
            theirs[0] if theirs else None,
            max(theirs, key=lambda one: one.automated) if theirs else None,
        )


def _plain(setting: Setting) -> bool:
    return setting.design == "fixed rate" and setting.sensitivity == setting.specificity == 1


def run(repetitions: int = 100, of_mapie: int = 8) -> Iterator[Figure]:
    """A tenth of the recalibrations of the table, which take most of an hour."""
    for row in results(repetitions, of_mapie):
        one, automated = row.case.setting, row.ours.automated
        name = f"certificates: {one.name}, {one.labels:,} labels {one.design}"
        yield Figure(f"{name}, limits broken", row.ours.broken, "of recalibrations")
        yield Figure(f"{name}, automated", automated, "of items", "the oracle", automated / row.oracle)
        yield Figure(f"{name}, automated by fixed thresholds", row.fixed.automated, "of items")
        if row.mapie_best is not None:
            yield Figure(f"{name}, automated by MAPIE at best", row.mapie_best.automated, "of items")


def table(repetitions: int, of_mapie: int) -> Iterator[str]:
    yield (
        "| traffic | labels | overkill, leakage ≤ | oracle | Tidegate | of the oracle | limits broken "
        "| fixed | MAPIE | MAPIE at best |"
    )
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for row in results(repetitions, of_mapie):
        one, our = row.case.setting, row.ours
        design = "" if one.design == "fixed rate" else f", {one.design}"
        yield (
            f"| {one.name}{design} | {one.labels:,} | {one.overkill:.4g}, {one.leakage:.4g} "
            f"| {row.oracle:.1%} | {our.automated:.1%} | {our.automated / row.oracle:.1%} | {our.broken:.1%} "
            f"| {row.fixed.automated:.1%} | {_cell(row.mapie)} | {_cell(row.mapie_best)} |"
        )


def _cell(score: Score | None) -> str:
    return "–" if score is None else f"{score.automated:.1%} ({score.broken:.1%})"


if __name__ == "__main__":
    usual = [RECALIBRATIONS, RECALIBRATIONS_OF_MAPIE]
    given = [int(word) for word in sys.argv[1:]]
    counts = given + usual[len(given) :]
    for line in table(*counts):
        print(line, flush=True)

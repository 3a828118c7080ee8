"""How good a judge is on a policy's golden cases, and everything that is asked besides."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from tidegate.errors import PolicyError, Where
from tidegate.measure.agreement import Agreement, Figure, Paired, agreement, paired, share
from tidegate.runs.judging.cases import Judged, golden_cases, judge_named, put, without_memory
from tidegate.runs.judging.injections import Flips, flips
from tidegate.runs.judging.mistakes import Mistake, ids_where, mistakes
from tidegate.runs.judging.reformats import REFORMATS, reformatted
from tidegate.runs.workspace import Workspace
from tidegate.signals.judge.asking import Bill
from tidegate.signals.judge.detector import Judge


@dataclass(frozen=True)
class Evaluation:
    """`judge` and `policy` name versions. stability: share of verdicts that a reformat leaves as they were,
    by reformat; injections: per way of giving orders. Both are None where they were not asked for. bill: what
    was spent on all of that; seconds: on the cases as they are."""

    judge: str
    policy: str
    cases: int
    agreement: Agreement
    reasons: dict[str, int]
    mistakes: list[Mistake]
    bill: Bill
    seconds: float
    stability: dict[str, Figure] | None = None
    injections: list[Flips] | None = None

    @property
    def answered(self) -> int:
        """How many cases got a verdict."""
        return self.cases - self.agreement.unanswered


@dataclass(frozen=True)
class Compared:
    """Two evaluations; `paired` is over the cases that both answered: a server that was away is no worse a
    judge. Of those, by id, what only one got right."""

    first: Evaluation
    second: Evaluation
    paired: Paired
    only_first: list[str]
    only_second: list[str]


def evaluate(
    workspace: Workspace,
    policy_id: str,
    name: str,
    *,
    version: str | None = None,
    reformats: bool = False,
    injections: bool = False,
) -> tuple[Evaluation, Judged]:
    """Put the golden cases of a policy to a judge. Nothing is taken from its store, nor kept there.

    Raises:
        SignalError: there is no such judge. PolicyError: there is no such policy or version.
    """
    judge = without_memory(judge_named(workspace, name, policy_id, version))
    cases = golden_cases(workspace, policy_id)
    found = put(judge, [case.text for case in cases], [case.id for case in cases])
    truth = np.array([case.violates for case in cases], dtype=bool)
    stability = _stability(judge, [case.text for case in cases], found) if reformats else None
    turned = flips(judge, cases, found) if injections else None
    evaluation = Evaluation(
        judge=f"{name} {judge.spec.version}",
        policy=judge.policies[0].label,
        cases=len(cases),
        agreement=agreement(truth, found.violates, found.answered),
        reasons=dict(Counter(reason for reason in found.reasons if reason is not None).most_common()),
        mistakes=mistakes(cases, found),
        bill=judge.total,
        seconds=found.seconds,
        stability=stability,
        injections=turned,
    )
    return evaluation, found


def compare(
    workspace: Workspace, policy_id: str, first: tuple[str, str | None], second: tuple[str, str | None]
) -> Compared:
    """Two judges, or one with two versions of the policy, on the same cases.

    Raises:
        SignalError: there is no such judge. PolicyError: there is no such policy or version, or both are the
            same.
    """
    _check_apart(workspace, policy_id, first, second)
    one, found_one = evaluate(workspace, policy_id, first[0], version=first[1])
    other, found_other = evaluate(workspace, policy_id, second[0], version=second[1])
    cases = golden_cases(workspace, policy_id)
    truth = np.array([case.violates for case in cases], dtype=bool)
    both = found_one.answered & found_other.answered
    right, right_other = (both & (found.violates == truth) for found in (found_one, found_other))
    return Compared(
        one,
        other,
        paired(right[both], right_other[both]),
        ids_where(cases, right & ~right_other),
        ids_where(cases, right_other & ~right),
    )


def _check_apart(
    workspace: Workspace, policy_id: str, first: tuple[str, str | None], second: tuple[str, str | None]
) -> None:
    judges = [judge_named(workspace, name, policy_id, version) for name, version in (first, second)]
    policies = [judge.policies[0] for judge in judges]
    if first[0] == second[0] and policies[0].version == policies[1].version:
        raise PolicyError(
            f"both are '{first[0]}' with the same version, {policies[0].label}",
            where=Where(policies[0].source),
            remedy=f"Name another version or judge; `tidegate policy log {policy_id}` has the versions.",
        )


def _stability(judge: Judge, texts: list[str], plain: Judged) -> dict[str, Figure]:
    """Per reformat the share of answered cases with the same verdict; no verdict is another one."""
    others = [reformatted(text) for text in texts]
    found: dict[str, Figure] = {}
    for name in REFORMATS:
        places = [place for place, ways in enumerate(others) if name in ways and plain.answered[place]]
        again = put(judge, [others[place][name] for place in places])
        same = again.answered & (again.violates == plain.violates[places])
        found[name] = share(int(same.sum()), len(places))
    return found

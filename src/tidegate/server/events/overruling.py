"""When a strategy may decide anew what it, or a person, has decided before.

A person's decision to act stands until the content changes: no report and no count of views moves it. What a
person has let pass can be asked about again, where the strategy says so of its own accord: where it would
decide otherwise than it last did. It never acts on its own against a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Max

from tidegate.policy.ladder import Outcome
from tidegate.runs.bench import Bench
from tidegate.server.content.models import PEOPLE, Decision
from tidegate.strategy import Case, decision_record

COMPARED = ("action", "rule", "policy", "queue", "escalate")
"""A decision that differs in none of these is no other decision."""


@dataclass(frozen=True)
class Standing:
    """What a strategy last decided on an item, and whether a person has let it pass since; None where the
    strategy has no say."""

    last: Decision | None
    passed_by_person: bool


def stands_for_machines(standing: Sequence[Decision], bench: Bench) -> Mapping[int, Standing]:
    """What a strategy's new decision is held against, by the item's number.

    Args:
        standing: the newest decision on each item.
    """
    ladder = bench.workspace.ladder
    people = [
        one for one in standing if one.strategy == PEOPLE and ladder[one.action].outcome is Outcome.PASSED
    ]
    acted = {
        one.item_id
        for one in standing
        if one.strategy == PEOPLE and ladder[one.action].outcome is Outcome.ACTIONED
    }
    newest = (
        Decision.objects.filter(item__in=[one.item_id for one in people])
        .exclude(strategy=PEOPLE)
        .values("item")
        .annotate(newest=Max("pk"))
        .values("newest")
    )
    machines = {one.item_id: one for one in Decision.objects.filter(pk__in=newest)} if people else {}
    passed = {one.item_id for one in people}
    return {
        one.item_id: Standing(
            None if one.item_id in acted else machines.get(one.item_id, one), one.item_id in passed
        )
        for one in standing
    }


def overrules(case: Case, stands: Standing, bench: Bench) -> bool:
    """Whether a case is a decision of its own, which may be made."""
    if stands.last is None:
        return False
    ladder = bench.workspace.ladder
    record = decision_record(bench.strategy, case, bench.catalog, ladder=ladder)
    if stands.passed_by_person and ladder[str(record["action"])].outcome is not Outcome.HELD:
        return False
    return any(record[name] != getattr(stands.last, name) for name in COMPARED)

"""What judges keep of items outside the database, and where decisions on other items name them.

A judge keeps its answers in a file beside tidegate.toml; a decision on a near duplicate names the item whose
answer was taken over. Each machine that decides has a file of its own: only this machine's is reached.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

import orjson

from tidegate.server.content.models import Decision, Item
from tidegate.server.review.policies import workspace
from tidegate.signals.judge.build import store_files
from tidegate.signals.judge.judgement import TAKEN_FROM
from tidegate.signals.judge.store import forget as forget_answers

ERASED = "erased"
NAMED = f'"{TAKEN_FROM}":"'


def forget(names: Collection[str]) -> int:
    """Make this machine's judges forget items by the platform's ids; how many answers are gone.

    Raises:
        SignalError: a file cannot be opened.
    """
    files = store_files(workspace().detectors, workspace().root)
    return sum(forget_answers(file, names) for file in files) if names else 0


def takers(ids: Collection[int]) -> Mapping[str, Sequence[int]]:
    """By the platform's id of some items, the decisions on others that took over an answer about them.

    Answers are shared within a zone alone, and so are ids: only the scope's decisions are looked through;
    once, since nothing else names them.
    """
    found: dict[str, list[int]] = defaultdict(list)
    if not ids or not store_files(workspace().detectors, workspace().root):
        return found
    names = set(Item.objects.filter(pk__in=ids).values_list("external_id", flat=True))
    rows = Decision.objects.filter(signals__contains=NAMED).order_by("pk").values_list("pk", "signals")
    for pk, signals in rows.iterator():
        for said in orjson.loads(signals).values():
            if said.get(TAKEN_FROM) in names:
                found[said[TAKEN_FROM]].append(pk)
    return found


def forget_sources(names: Collection[str], named: Mapping[str, Sequence[int]]) -> None:
    """Let the decisions that name these items say `erased` in their place. Call it in a transaction."""
    gone = set(names)
    decisions = list(
        Decision.objects.filter(pk__in={pk for name in gone for pk in named.get(name, ())}).only(
            "signals", "values"
        )
    )
    for decision in decisions:
        signals = orjson.loads(decision.signals)
        read = orjson.loads(decision.values)
        for detector, said in signals.items():
            if said.get(TAKEN_FROM) in gone:
                said[TAKEN_FROM] = ERASED
                if f"{detector}.{TAKEN_FROM}" in read:
                    read[f"{detector}.{TAKEN_FROM}"] = ERASED
        decision.signals, decision.values = orjson.dumps(signals).decode(), orjson.dumps(read).decode()
    Decision.objects.bulk_update(decisions, ["signals", "values"])

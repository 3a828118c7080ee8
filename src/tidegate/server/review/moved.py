"""Which words moved the scores that somebody who is helped is shown.

Asked for by the screen beside the tasks, so that reading a text again and again keeps nobody waiting; never
for a task that shows no score. Only of the detector that gave the score, in the version that gave it: the
words of another would explain nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import orjson

from tidegate.runs.bench import Bench
from tidegate.server.content.models import Decision, ItemVersion
from tidegate.server.launches.decider import NotReadyError, decider
from tidegate.server.review.assisting import assisted
from tidegate.server.review.models import Task
from tidegate.server.review.suspicion import WHISPER, scores_by_detector
from tidegate.signals.influence import Explains

Moved = list[dict[str, Any]]
"""Of each harm, the loudest first: `harm`, and `words`, stretches of the text as [from, before]."""


def moved(tasks: Sequence[Task]) -> dict[str, Moved]:
    """By handle, for those of the tasks that come with what the machine found."""
    helped = [task for task in tasks if task.decision_id is not None and assisted(task)]
    if not helped:
        return {}
    try:
        bench = decider()
    except NotReadyError:
        return {}
    decisions = Decision.objects.in_bulk([task.decision_id for task in helped])
    texts = {
        (item, number): text
        for item, number, text in ItemVersion.objects.filter(
            item__in=[task.item_id for task in helped]
        ).values_list("item_id", "number", "text")
    }
    return {
        str(task.handle): _moved(bench, texts[task.item_id, task.item_version], decisions[task.decision_id])
        for task in helped
    }


def _moved(bench: Bench, text: str | None, decision: Decision) -> Moved:
    loudest = _loudest(decision)
    by_detector = defaultdict(list)
    for harm, (_, name) in loudest.items():
        by_detector[name].append(harm)
    words: dict[str, list[tuple[int, int]]] = {}
    for name, harms in by_detector.items():
        detector = _explains(bench, name, decision)
        if detector is not None and text:
            found = detector.influence(text, harms)
            words |= {harm: found.strongest(harm) for harm in harms}
    return [{"harm": harm, "words": words[harm]} for harm in loudest if words.get(harm)]


def _loudest(decision: Decision) -> dict[str, tuple[float, str]]:
    """Of each harm that is suspected, the highest score and whose it is; the highest first."""
    heard: dict[str, tuple[float, str]] = {}
    for name, harm, score in scores_by_detector(decision):
        if score >= max(WHISPER, heard.get(harm, (0.0, ""))[0]):
            heard[harm] = (score, name)
    return dict(sorted(heard.items(), key=lambda one: -one[1][0]))


def _explains(bench: Bench, name: str, decision: Decision) -> Explains | None:
    """The detector that gave the score, if it is here, unchanged, on, and can say what it went by."""
    detector = bench.detectors.get(name)
    if detector is None or name in bench.off or not isinstance(detector, Explains):
        return None
    versions: dict[str, str] = orjson.loads(decision.detectors)
    return detector if versions.get(name) == detector.spec.version else None

"""Items that tell the judge what to say: how often that turns a verdict.

A way of giving orders is a line of `signals/judge/injections/*.tsv`: its kind, what it wants (`pass`, that
the item be let through, or `stop`), and the text, with {post} where the post stands.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tidegate.signals.judge
from tidegate.policy.model import GoldenCase
from tidegate.runs.judging.cases import Judged, put
from tidegate.signals.judge.detector import Judge

FOLDER = Path(tidegate.signals.judge.__file__).parent / "injections"
PASS = "pass"


@dataclass(frozen=True)
class Way:
    """One way of giving orders."""

    language: str
    kind: str
    wants: str
    text: str

    def around(self, post: str) -> str:
        return self.text.replace("{post}", post)


@dataclass(frozen=True)
class Flips:
    """Of `tried` posts that were judged rightly, how many were judged as the orders want, how many got no
    verdict (and so go to people), and how many were judged as before."""

    way: Way
    tried: int
    flipped: int
    no_verdict: int


def ways() -> list[Way]:
    """Every way that ships, English first."""
    found = []
    for path in sorted(FOLDER.glob("*.tsv")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                kind, wants, text = line.split("\t")
                found.append(Way(path.stem, kind, wants, text.replace("\\n", "\n")))
    return found


def flips(
    judge: Judge,
    cases: Sequence[GoldenCase],
    plain: Judged,
    *,
    per_way: int = 3,
    seed: int = 0,
    chosen: Sequence[Way] | None = None,
) -> list[Flips]:
    """What each way (of those `chosen`, or every one) does to posts of its language that the judge gets right
    without it.

    Posts are those that the orders want otherwise: violating ones where they want them let through.
    """
    chance = random.Random(seed)
    asked: list[tuple[Way, list[int]]] = []
    for way in ways() if chosen is None else chosen:
        right = [
            place
            for place, case in enumerate(cases)
            if case.language == way.language
            and plain.answered[place]
            and plain.violates[place] == case.violates
            and case.violates == (way.wants == PASS)
        ]
        asked.append((way, chance.sample(right, min(per_way, len(right)))))
    texts = [way.around(cases[place].text) for way, places in asked for place in places]
    found = put(judge, texts)
    results, at = [], 0
    for way, places in asked:
        span = slice(at, at + len(places))
        answered = found.answered[span]
        as_wanted = found.violates[span] != (way.wants == PASS)
        results.append(Flips(way, len(places), int((answered & as_wanted).sum()), int((~answered).sum())))
        at += len(places)
    return results

"""A judge of a harmless policy, set up as a workspace would."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tidegate.policy.folder import PolicyFolder
from tidegate.signals import build_detectors
from tidegate.signals.judge.detector import Judge
from tidegate.tables import ITEMS

POLICY = """---
id: {id}
title: {{en: Loud music, zh: 大声放音乐}}
harm: harassment
severity: low
actions: [allow, inform, review]
languages: [en, zh]
escalation: none
legal: []
---

## Scope
Music that the neighbours can hear.

## Scope (zh)
邻居听得见的音乐。

## Violates
- **V1 At night.** Music between ten and six that can be heard next door.

## Violates (zh)
- **V1 夜间。** 晚十点到早六点之间，隔壁听得见的音乐。

## Does not violate
- **N1 By day.** Music at other hours, practice included.

## Does not violate (zh)
- **N1 白天。** 其他时段的音乐，包括练琴。

## Borderline
- **B1 New Year's Eve.** Does not violate until one in the morning; violates after that.

## Borderline (zh)
- **B1 跨年夜。** 凌晨一点以前不违规，之后违规。

## For reviewers
Look for the hour first.

## For reviewers (zh)
先找时间。
"""
LINE = (
    '{{"id": "{id}-{n:03}", "text": "{text}", "language": "{language}", "violates": {violates}, '
    '"clause": "{clause}", "difficulty": "easy"}}\n'
)
TEXTS = {"en": "at {} my neighbour plays the trumpet, song {}", "zh": "{}点，邻居在吹小号，第{}首"}


def write_policy(folder: Path, policy_id: str = "loud-music") -> None:
    """A policy with 42 golden cases."""
    (folder / "golden").mkdir(parents=True, exist_ok=True)
    (folder / f"{policy_id}.md").write_text(POLICY.format(id=policy_id), encoding="utf-8")
    lines = []
    for n in range(1, 43):
        language = "en" if n % 2 else "zh"
        clause, hour = [("V1", 23), ("N1", 15), ("B1", 0)][n % 3]
        text = TEXTS[language].format(hour, n)
        violates = str(clause == "V1").lower()
        lines.append(
            LINE.format(id=policy_id, n=n, text=text, language=language, violates=violates, clause=clause)
        )
    (folder / "golden" / f"{policy_id}.jsonl").write_text("".join(lines), encoding="utf-8")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    write_policy(tmp_path / "policies")
    return tmp_path


MakeJudge = Callable[..., Judge]


@pytest.fixture
def judge_at(base: Path) -> MakeJudge:
    """A judge that asks the server at an address; settings as in tidegate.toml."""

    def make(url: str, **settings: Any) -> Judge:
        section = {"base_url": url, "model": "small", "deadline_s": 5, "samples": 0, **settings}
        detector = build_detectors({"judge": section}, base, PolicyFolder(base / "policies"))["judge"]
        assert isinstance(detector, Judge)
        return detector

    return make


def items_of(*texts: str | None, **columns: list[Any]) -> pl.DataFrame:
    given = {"id": [f"i{n}" for n in range(len(texts))], "kind": ["text"] * len(texts), "text": list(texts)}
    frame = pl.DataFrame(given | columns, schema_overrides=ITEMS.schema)
    return frame.select(
        pl.col(c.name) if c.name in frame.columns else pl.lit(None, c.dtype).alias(c.name)
        for c in ITEMS.columns
    )

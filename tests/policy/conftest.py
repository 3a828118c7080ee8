"""A small policy that is whole, for tests to load and to break. Its subject is as harmless as can be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tidegate.policy.load import load_policies
from tidegate.policy.model import PolicySet

POLICY = """---
id: loud-music
title:
  en: Loud music
  zh: 大声放音乐
harm: harassment
severity: low
actions: [remove, allow, label]
languages: [en, zh]
escalation: none
legal:
  - "House rules: quiet from ten."
---

## Scope
Music that the neighbours hear.

## Scope (zh)
邻居听得见的音乐。

## Violates
- **V1 After ten.** Loud music
  at night.

## Violates (zh)
- **V1 十点以后。** 深夜大声放音乐。

## Does not violate
- **N1 By day.** Music at noon.

## Does not violate (zh)
- **N1 白天。** 中午放音乐。

## Borderline
- **B1 New Year.** Turns on the date.

## Borderline (zh)
- **B1 新年。** 看日期。

## For reviewers
Listen first.

## For reviewers (zh)
先听一听。
"""


def case(number: int, **changes: object) -> dict[str, object]:
    """A golden case of the policy above; the number decides language, clause and difficulty."""
    language = "en" if number % 2 else "zh"
    clause = ("V1", "N1", "B1")[number % 3]
    text = f"Song {number} is playing" if language == "en" else f"正在播放第{number}首歌"
    whole: dict[str, object] = {
        "id": f"loud-music-{number:03}",
        "text": text,
        "language": language,
        "violates": clause == "V1",
        "clause": clause,
        "difficulty": "easy" if number % 5 else "hard",
    }
    return {**whole, **changes}


def lines(cases: list[dict[str, object]]) -> str:
    return "".join(json.dumps(case, ensure_ascii=False) + "\n" for case in cases)


class Folder:
    """A folder of policies on disk that tests can edit."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.policy = root / "loud-music.md"
        self.golden = root / "golden" / "loud-music.jsonl"
        self.golden.parent.mkdir(parents=True)
        self.policy.write_text(POLICY, encoding="utf-8")
        self.write_cases([case(number) for number in range(1, 41)])

    def write_cases(self, cases: list[dict[str, object]]) -> None:
        self.golden.write_text(lines(cases), encoding="utf-8")

    def edit(self, old: str, new: str) -> None:
        """Replace `old` in the policy; it must be there, so that no test edits nothing."""
        text = self.policy.read_text(encoding="utf-8")
        assert old in text
        self.policy.write_text(text.replace(old, new, 1), encoding="utf-8")

    def edit_case(self, number: int, **changes: object) -> None:
        """Change the case on line `number`; a value of None takes the key out."""
        cases = [json.loads(line) for line in self.golden.read_text(encoding="utf-8").splitlines()]
        changed = {**cases[number - 1], **changes}
        cases[number - 1] = {key: value for key, value in changed.items() if value is not None}
        self.write_cases(cases)

    def message(self, error: Exception) -> str:
        """The error's text with paths from this folder on, so that snapshots hold on any machine."""
        return str(error).replace(f"{self.root}/", "")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "policies")


@pytest.fixture(scope="session")
def policies(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    """The same policy, loaded once, for tests that edit nothing."""
    return load_policies(Folder(tmp_path_factory.mktemp("whole") / "policies").root)

"""The written policies of the workspace as reviewers need them: in one language, with clauses and actions."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from tidegate.policy.harms import BY_KEY
from tidegate.policy.ladder import Ladder
from tidegate.policy.load import load_policies
from tidegate.policy.model import PolicySet
from tidegate.runs.workspace import Workspace, load_workspace
from tidegate.server.review.priority import SEVERITY, UNKNOWN


@cache
def workspace() -> Workspace:
    return load_workspace(Path(settings.WORKSPACE))


def ladder() -> Ladder:
    """The steps that can be taken here."""
    return workspace().ladder


def written() -> PolicySet:
    """The policies, read again within a second after a file of them has changed."""
    return _read(_stamp(int(time.monotonic())))


@lru_cache(maxsize=1)
def _stamp(_second: int) -> tuple[tuple[str, int], ...]:
    """What tells that a file has changed; looked at once a second, since every task asks."""
    files = sorted(workspace().policies.rglob("*.*"))
    return tuple((str(path), path.stat().st_mtime_ns) for path in files)


@lru_cache(maxsize=1)
def _read(_: tuple[tuple[str, int], ...]) -> PolicySet:
    return load_policies(workspace().policies, ladder())


def severity_of(policy: str | None) -> int:
    """What the harm of a policy weighs; `UNKNOWN` where none is named or it is not there any more."""
    found = None if policy is None else written().get(policy)
    return UNKNOWN if found is None else SEVERITY[found.severity]


def told(language: str) -> list[dict[str, Any]]:
    """Every policy for the screen, in this language where it is written in it, else in its first."""
    return [
        {
            "id": policy.id,
            "label": policy.label,
            "title": _in(policy.title, language),
            "harm": policy.harm,
            "harm_title": BY_KEY[policy.harm].title_zh if language == "zh" else BY_KEY[policy.harm].title,
            "severity": policy.severity.value,
            "actions": list(policy.actions),
            "escalation": policy.escalation,
            "clauses": [
                {
                    "id": clause.id,
                    "kind": clause.kind.value,
                    "title": _in(clause.title, language),
                    "text": _in(clause.text, language),
                }
                for clause in policy.clauses
            ],
        }
        for policy in written().values()
    ]


def _in(words: Mapping[str, str], language: str) -> str:
    return words.get(language) or next(iter(words.values()), "")

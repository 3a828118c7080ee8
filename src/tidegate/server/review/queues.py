"""The sections [queues.NAME] of tidegate.toml: how soon, how many answers, with which help, by whom.

[queues.child-safety]
sla_minutes = 30          # how soon tasks are to be answered
answers = 2               # how many people answer each question; where they differ, another decides
assist = 0.9              # the share of tasks that show what the machine found; the rest measures its effect
certificates = ["csam"]   # who may be asked: those who hold all of them
gold = 0.02               # the share of tasks whose answer is known, to measure how well people find it
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from tidegate.errors import Where, WorkspaceError
from tidegate.names import nearest
from tidegate.runs.workspace import FILE

AUDIT = "audit"
APPEALS = "appeals"
GENERAL = "general"
"""Where a rule sends something to review and names no queue."""
ESCALATED = "escalated"
FIELDS = ("sla_minutes", "answers", "assist", "certificates", "gold")


@dataclass(frozen=True)
class QueueSettings:
    sla: timedelta = timedelta(hours=24)
    answers: int = 1
    assist: float = 0.75
    certificates: frozenset[str] = frozenset()
    gold: float = 0.0


@cache
def queues(workspace: Path) -> Mapping[str, QueueSettings]:
    """The queues that the workspace says something of; read once per process.

    Raises:
        WorkspaceError: a field is unknown or of the wrong kind.
    """
    path = workspace / FILE
    section = tomllib.loads(path.read_text(encoding="utf-8")).get("queues", {})
    if not isinstance(section, dict):
        raise WorkspaceError(
            "each queue is a section of its own",
            where=Where(path, field="queues"),
            remedy="Write [queues.general], say.",
        )
    return {name: _read(path, f"queues.{name}", given) for name, given in section.items()}


def queue_settings(name: str) -> QueueSettings:
    """What a queue of this service's workspace is like."""
    return queues(Path(settings.WORKSPACE)).get(name, QueueSettings())


def _read(path: Path, name: str, given: Any) -> QueueSettings:
    if not isinstance(given, dict):
        raise WorkspaceError(
            "a queue is a section", where=Where(path, field=name), remedy=f"Write [{name}] and its fields."
        )
    for field in given:
        if field not in FIELDS:
            raise WorkspaceError(
                f"a queue has no field '{field}'",
                where=Where(path, field=f"{name}.{field}"),
                remedy=f"{nearest(field, FIELDS)}Fields are {', '.join(FIELDS)}.",
            )
    plain = QueueSettings()
    return QueueSettings(
        sla=timedelta(
            minutes=_number(path, name, given, "sla_minutes", plain.sla.total_seconds() / 60, 1, 525_600)
        ),
        answers=int(_number(path, name, given, "answers", plain.answers, 1, 9, whole=True)),
        assist=_number(path, name, given, "assist", plain.assist, 0, 1),
        certificates=_words(path, name, given, "certificates"),
        gold=_number(path, name, given, "gold", plain.gold, 0, 0.5),
    )


def _number(
    path: Path,
    name: str,
    given: Mapping[str, Any],
    field: str,
    default: float,
    least: float,
    most: float,
    *,
    whole: bool = False,
) -> float:
    value = given.get(field, default)
    right = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
    if not right or not least <= value <= most:
        raise WorkspaceError(
            f"this must be a {'whole number' if whole else 'number'} from {least:g} to {most:g}",
            where=Where(path, field=f"{name}.{field}"),
            remedy=f"Write {field} = {default:g}, say.",
        )
    return float(value)


def _words(path: Path, name: str, given: Mapping[str, Any], field: str) -> frozenset[str]:
    value = given.get(field, [])
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise WorkspaceError(
            "this must be a list of names",
            where=Where(path, field=f"{name}.{field}"),
            remedy=f'Write {field} = ["…"].',
        )
    return frozenset(value)

"""The sections [queues.NAME] of tidegate.toml: how soon, how many answers, with which help, by whom.

[queues.child-safety]
sla_minutes = 30          # how soon tasks are to be answered
answers = 2               # how many people answer each question; where they differ, another decides
assist = 0.9              # the share of tasks that show what the machine found; the rest measures its effect
certificates = ["csam"]   # who may be asked: those who hold all of them
gold = 0.02               # the share of tasks whose answer is known, to measure how well people find it
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

from django.conf import settings

from tidegate.runs.section import Section, section

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
    return {name: _read(one) for name, one in section(workspace, "queues").sections()}


def queue_settings(name: str) -> QueueSettings:
    """What a queue of this service's workspace is like."""
    return queues(Path(settings.WORKSPACE)).get(name, QueueSettings())


def _read(given: Section) -> QueueSettings:
    given.knows(FIELDS)
    plain = QueueSettings()
    return QueueSettings(
        sla=timedelta(minutes=given.number("sla_minutes", plain.sla / timedelta(minutes=1), 1, 525_600)),
        answers=given.whole("answers", plain.answers, 1, 9),
        assist=given.number("assist", plain.assist, 0, 1),
        certificates=given.names("certificates"),
        gold=given.number("gold", plain.gold, 0, 0.5),
    )

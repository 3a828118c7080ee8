"""The action ladder of a workspace: the shipped one with the steps that tidegate.toml adds or changes.

[ladder.blur]
severity = 25
outcome = "actioned"
doc = "Show it blurred until somebody taps."
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tidegate.errors import Where, WorkspaceError
from tidegate.names import nearest
from tidegate.policy.ladder import LADDER, Action, Ladder, Outcome

KEYS = ("severity", "outcome", "doc")
NAME = re.compile(r"[a-z][a-z0-9_]*")


def ladder_from(settings: Mapping[str, Any], file: str | Path | None = None) -> Ladder:
    """The shipped ladder extended by `settings`, the `[ladder]` section: step name → severity, outcome, doc.

    A step that the ladder already has keeps what its entry leaves out. `file` is named in errors.

    Raises:
        WorkspaceError: a name, key or value is not one that a ladder can hold, two steps share a severity, or
            no step would hold items for review.
    """
    steps = [_step(name, entry, file) for name, entry in settings.items()]
    try:
        ladder = LADDER.extended(steps)
    except WorkspaceError as error:
        raise WorkspaceError(error.what, where=Where(file, field="ladder"), remedy=error.remedy) from error
    _check_order(ladder, steps, file)
    return ladder


def _step(name: str, entry: object, file: str | Path | None) -> Action:
    where = Where(file, field=f"ladder.{name}")
    if not NAME.fullmatch(name):
        raise WorkspaceError(
            f"{name!r} cannot name an action",
            where=where,
            remedy="Use lower-case letters, digits and underscores, as in warn_author.",
        )
    if not isinstance(entry, Mapping):
        raise WorkspaceError(
            "a step of the ladder must be a section",
            where=where,
            remedy=f'Write [ladder.{name}] with severity = 25 and outcome = "actioned", say.',
        )
    for key in entry:
        if key not in KEYS:
            raise WorkspaceError(
                f"unknown key '{key}'",
                where=Where(file, field=f"ladder.{name}.{key}"),
                remedy=f"{nearest(key, KEYS)}Keys are {', '.join(KEYS)}.",
            )
    known = next((action for action in LADDER if action.name == name), None)
    return Action(
        name,
        _severity(name, entry.get("severity", known.severity if known else None), file),
        _outcome(name, entry.get("outcome", known.outcome.value if known else None), file),
        _doc(name, entry.get("doc", known.doc if known else ""), file),
    )


def _severity(name: str, value: object, file: str | Path | None) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise WorkspaceError(
            "a severity must be a whole number, 0 or more",
            where=Where(file, field=f"ladder.{name}.severity"),
            remedy=f"Write severity = 25, say. The ladder has {_severities(LADDER)}.",
        )
    return value


def _outcome(name: str, value: object, file: str | Path | None) -> Outcome:
    outcomes = [outcome.value for outcome in Outcome]
    if not isinstance(value, str) or value not in outcomes:
        raise WorkspaceError(
            "an outcome says what becomes of the item",
            where=Where(file, field=f"ladder.{name}.outcome"),
            remedy=f"{nearest(str(value), outcomes)}Write one of {', '.join(outcomes)}.",
        )
    return Outcome(value)


def _doc(name: str, value: object, file: str | Path | None) -> str:
    if not isinstance(value, str):
        raise WorkspaceError(
            "doc must be text",
            where=Where(file, field=f"ladder.{name}.doc"),
            remedy='Write doc = "What it does to the item."',
        )
    return value


def _check_order(ladder: Ladder, steps: list[Action], file: str | Path | None) -> None:
    """Two steps of one severity would have no order, and reports compare actions by it."""
    for step in steps:
        twins = [
            action.name for action in ladder if action.severity == step.severity and action.name != step.name
        ]
        if twins:
            raise WorkspaceError(
                f"the severity {step.severity} is already that of '{twins[0]}'",
                where=Where(file, field=f"ladder.{step.name}.severity"),
                remedy=f"Take a free number. The ladder has {_severities(ladder)}.",
            )


def _severities(ladder: Ladder) -> str:
    return ", ".join(f"{action.name} {action.severity}" for action in ladder)

"""The section [care] of tidegate.toml: limits on exposure, breaks, group sizes, where to find help.

docs/care.md lists the fields.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from tidegate.errors import Where, WorkspaceError
from tidegate.names import nearest
from tidegate.runs.workspace import FILE
from tidegate.server.review.priority import SEVERITY

HEAVIEST = max(SEVERITY.values())
SECTION = "care"
RESOURCES = "resources"
ADDRESSES = ("https:", "tel:", "mailto:")
NUMBERS: Mapping[str, tuple[int, int, int]] = {
    # field: what holds without it, least, most. A limit below the heaviest task would let nobody see it.
    "per_hour": (480, HEAVIEST, 1_000_000),
    "per_day": (2_400, HEAVIEST, 1_000_000),
    "per_week": (9_600, HEAVIEST, 10_000_000),
    "break_after_minutes": (50, 1, 1_440),
    "break_minutes": (10, 1, 480),
    "least_group": (5, 5, 1_000),
    "trial_group": (10, 5, 10_000),
}
FIELDS = (*NUMBERS, "rotate_from", "break_required", RESOURCES)


@dataclass(frozen=True)
class Resource:
    """Where somebody finds help: a title and a text by language, and an address, if it has one."""

    title: Mapping[str, str]
    text: Mapping[str, str]
    url: str = ""


@dataclass(frozen=True)
class Care:
    """Limits in points of exposure (see `priority.SEVERITY`).

    `rotate_from` is the share of the hour's limit from which lighter tasks go first.
    """

    per_hour: int
    per_day: int
    per_week: int
    rotate_from: float
    break_after: timedelta
    break_for: timedelta
    break_required: bool
    least_group: int
    trial_group: int
    resources: tuple[Resource, ...]


def care() -> Care:
    """What holds at this site."""
    return care_of(Path(settings.WORKSPACE))


@cache
def care_of(workspace: Path) -> Care:
    """What a workspace says; read once per process.

    Raises:
        WorkspaceError: a field is unknown, of the wrong kind, or out of its range.
    """
    path = workspace / FILE
    section = tomllib.loads(path.read_text(encoding="utf-8")).get(SECTION, {})
    if not isinstance(section, dict):
        raise WorkspaceError(
            "this must be a section", where=Where(path, field=SECTION), remedy="Write [care]."
        )
    for field in section:
        if field not in FIELDS:
            raise WorkspaceError(
                f"[care] has no field '{field}'",
                where=Where(path, field=f"{SECTION}.{field}"),
                remedy=f"{nearest(field, FIELDS)}Fields are {', '.join(FIELDS)}.",
            )
    found = {name: _number(path, section, name) for name in NUMBERS}
    rotate = section.get("rotate_from", 1.0)
    if isinstance(rotate, bool) or not isinstance(rotate, int | float) or not 0 <= rotate <= 1:
        raise _wrong(
            path, "rotate_from", "this must be a share from 0 to 1", "Write rotate_from = 0.75, say."
        )
    required = section.get("break_required", False)
    if not isinstance(required, bool):
        raise _wrong(path, "break_required", "this must be true or false", "Write break_required = false.")
    return Care(
        per_hour=found["per_hour"],
        per_day=found["per_day"],
        per_week=found["per_week"],
        rotate_from=float(rotate),
        break_after=timedelta(minutes=found["break_after_minutes"]),
        break_for=timedelta(minutes=found["break_minutes"]),
        break_required=required,
        least_group=found["least_group"],
        trial_group=found["trial_group"],
        resources=tuple(_resources(path, section.get(RESOURCES, []))),
    )


def _number(path: Path, section: Mapping[str, Any], name: str) -> int:
    default, least, most = NUMBERS[name]
    value = section.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise _wrong(
            path,
            name,
            f"this must be a whole number from {least} to {most}",
            f"Write {name} = {default}, say.",
        )
    return value


def _resources(path: Path, told: Any) -> Iterator[Resource]:
    if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
        raise _wrong(path, RESOURCES, "each resource is a section of its own", "Write [[care.resources]].")
    for number, one in enumerate(told, start=1):
        name = f"{RESOURCES}[{number}]"
        for field in one:
            if field not in ("title", "text", "url"):
                raise _wrong(path, name, f"a resource has no field '{field}'", "Fields are title, text, url.")
        url = one.get("url", "")
        if not isinstance(url, str) or (url and not url.startswith(ADDRESSES)):
            raise _wrong(path, f"{name}.url", "this is no address", "Begin it with https:, tel: or mailto:.")
        title, text = _words(path, name, one, "title"), _words(path, name, one, "text")
        if not title:
            raise _wrong(path, f"{name}.title", "a resource needs a title", 'Write title = {en = "…"}.')
        yield Resource(title, text, url)


def _words(path: Path, name: str, one: Mapping[str, Any], field: str) -> dict[str, str]:
    value = one.get(field, {})
    languages = [code for code, _ in settings.LANGUAGES]
    good = isinstance(value, dict) and all(
        language in languages and isinstance(words, str) and words for language, words in value.items()
    )
    if not good:
        raise _wrong(
            path,
            f"{name}.{field}",
            f"this must be text by language, of {', '.join(languages)}",
            f'Write {field} = {{en = "…", zh-hans = "…"}}.',
        )
    return dict(value)


def _wrong(path: Path, field: str, what: str, remedy: str) -> WorkspaceError:
    return WorkspaceError(what, where=Where(path, field=f"{SECTION}.{field}"), remedy=remedy)

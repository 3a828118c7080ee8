"""The section [care] of tidegate.toml: limits on exposure, breaks, group sizes, where to find help.

docs/care.md lists the fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from tidegate.runs.section import Section, section
from tidegate.server.review.priority import SEVERITY

HEAVIEST = max(SEVERITY.values())
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
    given = section(workspace, "care").knows(FIELDS)
    found = {name: given.whole(name, *bounds) for name, bounds in NUMBERS.items()}
    return Care(
        per_hour=found["per_hour"],
        per_day=found["per_day"],
        per_week=found["per_week"],
        rotate_from=given.number("rotate_from", 1.0, 0, 1),
        break_after=timedelta(minutes=found["break_after_minutes"]),
        break_for=timedelta(minutes=found["break_minutes"]),
        break_required=given.flag("break_required", default=False),
        least_group=found["least_group"],
        trial_group=found["trial_group"],
        resources=tuple(_resources(given)),
    )


def _resources(given: Section) -> Iterator[Resource]:
    told = given.given.get(RESOURCES, [])
    if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
        raise given.wrong(RESOURCES, "each resource is a section of its own", "Write [[care.resources]].")
    for number, one in enumerate(told, start=1):
        name = f"{RESOURCES}[{number}]"
        for field in one:
            if field not in ("title", "text", "url"):
                raise given.wrong(name, f"a resource has no field '{field}'", "Fields are title, text, url.")
        url = one.get("url", "")
        if not isinstance(url, str) or (url and not url.startswith(ADDRESSES)):
            raise given.wrong(f"{name}.url", "this is no address", "Begin it with https:, tel: or mailto:.")
        title, text = _words(given, name, one, "title"), _words(given, name, one, "text")
        if not title:
            raise given.wrong(f"{name}.title", "a resource needs a title", 'Write title = {en = "…"}.')
        yield Resource(title, text, url)


def _words(given: Section, name: str, one: Mapping[str, Any], field: str) -> dict[str, str]:
    value = one.get(field, {})
    languages = [code for code, _ in settings.LANGUAGES]
    good = isinstance(value, dict) and all(
        language in languages and isinstance(words, str) and words for language, words in value.items()
    )
    if not good:
        raise given.wrong(
            f"{name}.{field}",
            f"this must be text by language, of {', '.join(languages)}",
            f'Write {field} = {{en = "…", zh-hans = "…"}}.',
        )
    return dict(value)

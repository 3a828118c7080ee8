"""How items are shown to somebody: by harm area, and for blind tasks so that nothing can be told from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import reduce

from django.db import transaction

from tidegate.server.care.areas import AREAS, area_of, is_critical, is_severe
from tidegate.server.care.models import Part, Preference, Preview
from tidegate.server.people.models import User
from tidegate.server.review.assisting import looks_blind
from tidegate.server.review.models import Task

SWITCHES = ("blur", "greyscale", "mute", "still", "mask")
SIZES: tuple[str, ...] = tuple(Preview.values)
"""From the smallest."""


@dataclass(frozen=True)
class Shown:
    """How an item is shown.

    Attributes:
        still: nothing plays by itself.
        mask: the text is covered until it is asked for.
        preview: small, medium or full.
    """

    blur: bool
    greyscale: bool
    mute: bool
    still: bool
    mask: bool
    preview: str

    def and_(self, other: Shown) -> Shown:
        """All that either hides."""
        either = {name: getattr(self, name) or getattr(other, name) for name in SWITCHES}
        return Shown(**either, preview=min(self.preview, other.preview, key=SIZES.index))


def usual(area: str) -> Shown:
    """How an area is shown to those who have chosen nothing: much is hidden where it is severe."""
    severe = is_severe(area)
    return Shown(
        blur=severe,
        greyscale=severe,
        mute=severe,
        still=severe,
        mask=is_critical(area),
        preview=SIZES[0] if severe else SIZES[1],
    )


def chosen(person: User) -> dict[str, Shown]:
    """How somebody has each area shown, before a trial that they take part in."""
    own = {
        one.area: Shown(one.blur, one.greyscale, one.mute, one.still, one.mask, one.preview)
        for one in Preference.objects.filter(person=person)
    }
    return {area: own.get(area) or usual(area) for area in AREAS}


def choose(person: User, wanted: Mapping[str, Shown]) -> None:
    """Let areas be shown so from now on."""
    with transaction.atomic():
        for area, shown in wanted.items():
            Preference.objects.update_or_create(person=person, area=area, defaults=asdict(shown))


def shown_to(person: User) -> Callable[[Task], dict[str, object]]:
    """For the screen: a function that says how a task is shown to somebody, as JSON; see `Shown`."""
    by_area = applied(person)
    every = all_that_hides(by_area.values())

    def of(task: Task) -> dict[str, object]:
        # What is suspected of a blind task must not be seen from how it looks, nor that it is one: whatever
        # is asked without the machine's findings looks alike.
        return asdict(every if looks_blind(task) else by_area[area_of(task.policy)])

    return of


def applied(person: User) -> dict[str, Shown]:
    """How each area is shown to somebody now: as they chose, but for what a trial decides that they take part
    in."""
    found = chosen(person)
    part = Part.objects.filter(person=person, trial__ended_at=None).select_related("trial").first()
    if part is not None:
        for area in part.trial.areas:
            found[area] = replace(found[area], **{part.trial.setting: part.on})
    return found


def all_that_hides(shown: Iterable[Shown]) -> Shown:
    return reduce(Shown.and_, shown)

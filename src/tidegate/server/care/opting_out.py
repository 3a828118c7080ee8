"""Opting out of harm areas, and how many have: never who."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from tidegate.errors import RunError, Where
from tidegate.server.care.areas import AREAS, NONE, policies_of
from tidegate.server.care.models import OptOut
from tidegate.server.care.settings import care
from tidegate.server.care.turns import hold_turn
from tidegate.server.days import midnight
from tidegate.server.people.models import User
from tidegate.server.review.clock import now
from tidegate.server.review.ending import free
from tidegate.server.review.models import State, Task


def opted_out(person: User) -> set[str]:
    """The harm areas that somebody is not to be given."""
    return set(OptOut.objects.filter(person=person).values_list("area", flat=True))


def barred(person: User) -> list[str]:
    """The policies of these areas."""
    return policies_of(opted_out(person))


def opt_out(person: User, areas: Collection[str]) -> None:
    """Let these be the areas that somebody is not to be given. What they hold of them goes to others at once.

    Not written to the ledger: it is between them and the queue.

    Raises:
        RunError: there is no such area.
    """
    for area in areas:
        if area not in AREAS or area == NONE:
            raise RunError(
                f"there is no harm area '{area}'",
                where=Where(field="areas"),
                remedy=f"Areas are {', '.join(AREAS[:-1])}.",
            )
    at = now()
    with transaction.atomic():
        hold_turn(person)
        held = Task.objects.filter(leased_to=person, state=State.OPEN, policy__in=policies_of(areas))
        free(held)
        OptOut.objects.filter(person=person).exclude(area__in=areas).delete()
        for area in sorted(areas):
            OptOut.objects.get_or_create(person=person, area=area, defaults={"since": at})


def reserved_in_vain() -> Q:
    """Tasks that are reserved for those who have opted out of their area."""
    people: dict[str, list[int]] = defaultdict(list)
    for area, person in OptOut.objects.values_list("area", "person"):
        people[area].append(person)
    found = Q(pk__in=[])
    for area, ids in people.items():
        found |= Q(assigned_to__in=ids, policy__in=policies_of([area]))
    return found


def counts(zone: str) -> Iterator[tuple[str, int | None]]:
    """For each area how many of a zone's people have opted out, rounded down to a step of `least_group`; None
    where fewer have, or where fewer than that have not.

    As of the beginning of this week, so that nobody is found out by looking before and after.
    """
    step, today = care().least_group, timezone.localdate(now())
    monday = midnight(today - timedelta(days=today.weekday()))
    people = User.objects.filter(clearances__zone=zone, is_active=True, erased_at=None)
    everybody = people.count()
    for area in AREAS[:-1]:
        out = OptOut.objects.filter(area=area, since__lt=monday, person__in=people).count()
        yield area, out // step * step if out >= step and everybody - out >= step else None

"""Who is asked what, by a lead's word: reserving tasks for somebody, opening them again, and skills.

Each is one action, one transaction, on the record.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q, QuerySet

from tidegate.errors import RunError, Where
from tidegate.server.care.turns import hold_turn
from tidegate.server.ledger.actions import Act, append
from tidegate.server.people.models import User
from tidegate.server.quality.certificates import known_certificates
from tidegate.server.review.clock import now
from tidegate.server.review.leasing import free_for
from tidegate.server.review.models import Kind, Skill, State, Task
from tidegate.server.review.policies import written
from tidegate.server.review.queues import queue_settings
from tidegate.server.review.reviewers import (
    CERTIFICATE,
    LANGUAGE,
    POLICY,
    SKILLS,
    reviewer_named,
    set_skills,
)
from tidegate.server.zones.scope import SITE

MOST = 500
"""Tasks that are reserved at once."""


@dataclass(frozen=True)
class Some:
    """Open tasks of a queue, the weightiest first: up to `most`, of a policy and a language where given."""

    zone: str
    queue: str
    most: int
    policy: str = ""
    language: str = ""


def reserve(some: Some, to: User, who: User) -> int:
    """Reserve tasks that nobody holds and that are reserved for nobody. Returns how many.

    Raises:
        RunError: there are none that they could be given, or too many are asked for.
    """
    if not 1 <= some.most <= MOST:
        raise RunError(
            f"from 1 to {MOST} tasks are reserved at once",
            where=Where(field="most"),
            remedy="Give a number in between.",
        )
    other = reviewer_named(to)
    needed = queue_settings(some.queue).certificates
    with transaction.atomic():
        found: list[Task] = []
        if to.is_active and needed <= other.certificates:
            tasks = free_for(other).filter(zone=some.zone, queue=some.queue, assigned_to=None)
            tasks = tasks.exclude(kind=Kind.GOLD)
            if some.policy:
                tasks = tasks.filter(policy=some.policy)
            if some.language:
                tasks = tasks.filter(language=some.language)
            found = list(tasks.order_by("rank")[: some.most])
        if not found:
            raise RunError(
                f"nothing waits there that {to.username} could be given",
                where=Where(field="to"),
                remedy="Their zones, rights, languages, policies and certificates are on their own page.",
            )
        Task.objects.filter(pk__in=[task.pk for task in found]).update(assigned_to=to)
        append([_act(who, "task.reserved", task, to) for task in found])
    return len(found)


def open_to_all(of: User, who: User) -> int:
    """Let everybody have what is reserved for somebody and not with them now. Returns how many tasks."""
    with transaction.atomic():
        found = list(reserved_for(of).select_for_update().order_by("pk"))
        Task.objects.filter(pk__in=[task.pk for task in found]).update(assigned_to=None)
        append([_act(who, "task.opened", task, of) for task in found])
    return len(found)


def reserved_for(person: User) -> QuerySet[Task]:
    """Open tasks that wait for somebody alone, and that nobody has now; golds are not told of."""
    free = Q(leased_until=None) | Q(leased_until__lte=now())
    return Task.objects.filter(free, assigned_to=person, state=State.OPEN).exclude(kind=Kind.GOLD)


def skill(person: User, skills: Mapping[str, Collection[str]], who: User) -> list[str]:
    """Let these be somebody's languages, policies and certificates. Returns which of the kinds changed.

    Raises:
        RunError: a language is no tag, or there is no such policy or certificate. Nothing is changed then.
    """
    for kind in SKILLS:
        for name in skills[kind]:
            _check(kind, name)
    changed = []
    with transaction.atomic():
        hold_turn(person)
        for kind in SKILLS:
            names = frozenset(skills[kind])
            if set(Skill.objects.filter(person=person, kind=kind).values_list("name", flat=True)) != names:
                set_skills(person, kind, names)
                changed.append(kind)
        append(
            [
                Act(
                    who.actor,
                    "person.skilled",
                    SITE,
                    person.actor,
                    {"kind": kind, "names": sorted(skills[kind])},
                )
                for kind in changed
            ]
        )
    return changed


def _check(kind: str, name: str) -> None:
    if kind == POLICY and name not in written():
        raise RunError(
            f"there is no policy '{name}'", where=Where(field=POLICY), remedy="Load the page anew."
        )
    parts = name.split("-")
    if kind == LANGUAGE and not (
        len(name) <= 35
        and 2 <= len(parts[0]) <= 3
        and all(part.isascii() and part.isalnum() for part in parts)
    ):
        raise RunError(
            f"'{name}' is no language",
            where=Where(field=LANGUAGE),
            remedy="Give tags such as en or zh, with commas between them.",
        )
    if kind == CERTIFICATE and name not in known_certificates():
        raise RunError(
            f"no queue asks for a certificate '{name}'",
            where=Where(field=CERTIFICATE),
            remedy="Certificates are those that queues in tidegate.toml name.",
        )


def _act(who: User, act: str, task: Task, of: User) -> Act:
    return Act(who.actor, act, task.zone, f"item:{task.item_id}:{task.item_version}", {"for": of.actor})

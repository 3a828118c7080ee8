"""Who reviews: somebody with the rights, zones and skills that they have at this moment."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from tidegate.server.people.access import Standing
from tidegate.server.people.models import User
from tidegate.server.people.roles import rights_of
from tidegate.server.review.models import Skill
from tidegate.server.review.rights import ASKED

LANGUAGE, POLICY, CERTIFICATE = "language", "policy", "certificate"
SKILLS = (LANGUAGE, POLICY, CERTIFICATE)


@dataclass(frozen=True)
class Reviewer:
    """Empty `languages` or `policies`: all of them. `certificates` are needed by queues that ask for them."""

    person: User
    rights: frozenset[str]
    zones: frozenset[str]
    languages: frozenset[str]
    policies: frozenset[str]
    certificates: frozenset[str]


def reviewer(person: User, rights: frozenset[str], zones: frozenset[str]) -> Reviewer:
    skills: dict[str, set[str]] = defaultdict(set)
    for kind, name in person.skills.values_list("kind", "name"):  # type: ignore[attr-defined]
        skills[kind].add(name)
    return Reviewer(
        person,
        frozenset(rights & set(ASKED)),
        zones,
        frozenset(skills[LANGUAGE]),
        frozenset(skills[POLICY]),
        frozenset(skills[CERTIFICATE]),
    )


def reviewer_of(standing: Standing) -> Reviewer:
    """Whoever is signed in."""
    return reviewer(standing.person, standing.rights, standing.zones)


def reviewer_named(person: User) -> Reviewer:
    """Somebody, with what they were given; for those who send them a task, and for commands."""
    roles = frozenset(person.given_roles.values_list("name", flat=True))
    zones = frozenset(person.clearances.values_list("zone", flat=True))
    return reviewer(person, rights_of(roles), zones)


def set_skills(person: User, kind: str, names: frozenset[str]) -> None:
    """Let these be somebody's skills of one kind."""
    Skill.objects.filter(person=person, kind=kind).exclude(name__in=names).delete()
    for name in sorted(names):
        Skill.objects.get_or_create(person=person, kind=kind, name=name)

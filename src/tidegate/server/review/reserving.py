"""Reservations that wait for nobody: such tasks are open to others too."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q

from tidegate.server.care.assignment import open_to_others
from tidegate.server.people.models import Clearance, Role, User
from tidegate.server.people.roles import ROLES, rights_of
from tidegate.server.review.models import Answer, Skip, State, Task
from tidegate.server.review.rights import ASKED
from tidegate.server.zones.scope import EVERYWHERE, within


def queues_with_reserved(for_others_than: User) -> set[tuple[str, str]]:
    """Zone and queue of open tasks that are reserved, for others than this person; of every zone."""
    # Neither by zone nor distinct in the database: for that SQLite goes through all that are open, in the
    # order of their queues, in place of the few that are reserved.
    with within(EVERYWHERE):
        tasks = Task.objects.filter(state=State.OPEN, assigned_to__isnull=False)
        return set(tasks.exclude(assigned_to=for_others_than).values_list("zone", "queue"))


def in_vain() -> Q:
    """Tasks reserved for somebody who cannot be given them (any more), whatever the reason."""
    they = OuterRef("assigned_to")
    cleared = Clearance.objects.filter(person=they, zone=OuterRef("zone"))
    skipped = Skip.objects.filter(person=they, task=OuterRef("pk"))
    answered = Answer.objects.filter(person=they, item=OuterRef("item"), undone_at=None)
    on_version = answered.filter(item_version=OuterRef("item_version"))
    found = (
        Q(assigned_to__is_active=False)
        | ~Exists(cleared)
        | Exists(skipped)
        | Exists(on_version)
        | (Q(event__isnull=False) & Exists(answered))
    )
    for right in ASKED:
        roles = [role for role in ROLES if right in rights_of(frozenset({role}))]
        found |= Q(right=right) & ~Exists(Role.objects.filter(person=they, name__in=roles))
    return found | open_to_others()

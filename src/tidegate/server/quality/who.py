"""Those who review, as leads see them: in the zones that they share."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet

from tidegate.server.people.models import User
from tidegate.server.people.roles import ROLES, rights_of
from tidegate.server.review.rights import ASKED
from tidegate.server.zones.scope import SITE


def reviewers_beside(zones: Collection[str]) -> QuerySet[User]:
    """People who may be asked something in one of these zones, by name."""
    roles = [role for role in ROLES if rights_of(frozenset({role})) & set(ASKED)]
    found = User.objects.filter(
        clearances__zone__in=set(zones) - {SITE},
        given_roles__name__in=roles,
        is_active=True,
        erased_at=None,
    )
    return found.distinct().order_by("username")

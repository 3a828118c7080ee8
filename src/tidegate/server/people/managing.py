"""Whom an admin may manage through the pages.

Roles hold in every zone of whoever has them. So who may change somebody's roles must be cleared for all of
their zones; and nobody changes what they may do themselves. What an admin may not is left to the operator's
command, `tidegate person`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from tidegate.errors import RunError
from tidegate.server.people.access import Standing
from tidegate.server.people.keys import SCOPES
from tidegate.server.people.models import User
from tidegate.server.people.persons import Change
from tidegate.server.zones.scope import SITE

WITH_RIGHT = {"launches": "publish_strategies"}
"""Scopes of keys that act on all zones: who makes such a key must have the right themselves."""
OF_OPERATORS = ("metrics",)
"""Scopes that no page gives: figures added up over all zones, less one's own, are those of the others."""


def shared(who: Standing) -> QuerySet[User]:
    """Those who share a zone with somebody."""
    return User.objects.filter(clearances__zone__in=who.zones, erased_at=None).distinct()


def may_manage(who: Standing, person: User) -> bool:
    zones = {one.zone for one in person.clearances.all()}
    return person.pk != who.person.pk and zones <= who.zones


def managed(who: Standing, person: User) -> User:
    """The person, if whoever asks may manage them.

    Raises:
        RunError: they may not. It is not told why: that somebody is cleared for further zones shows none.
    """
    if not may_manage(who, person):
        raise RunError(_("The operator of this service changes what this person may do."))
    return person


def difference(person: User, who: Standing, roles: Collection[str], zones: Collection[str]) -> Change:
    """What makes these the roles and zones of somebody.

    Raises:
        RunError: none of the zones is one of whoever asks, or there is none.
    """
    if not zones or not set(zones) <= who.zones:
        raise RunError(_("Choose at least one zone that you are cleared for."))
    has = {role.name for role in person.given_roles.all()} if person.pk else set()
    cleared = {one.zone for one in person.clearances.all()} if person.pk else set()
    return Change(
        roles=sorted(set(roles) - has),
        drop_roles=sorted(has - set(roles)),
        zones=sorted(set(zones) - cleared),
        drop_zones=sorted(cleared - set(zones)),
    )


def zones_of_keys(who: Standing) -> Sequence[str]:
    """Zones whose keys somebody may make: items belong to them, which `site` has none of."""
    return sorted(who.zones - {SITE})


def scopes_to_give(who: Standing) -> Sequence[str]:
    given = [scope for scope in SCOPES if scope not in OF_OPERATORS]
    return [scope for scope in given if scope not in WITH_RIGHT or who.may(WITH_RIGHT[scope])]

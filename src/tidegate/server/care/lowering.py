"""Lower limits for one person: an act of a lead, on the record."""

from __future__ import annotations

from django.db import transaction

from tidegate.errors import RunError, Where
from tidegate.server.care.models import Limits
from tidegate.server.care.settings import care
from tidegate.server.ledger.actions import Act, append
from tidegate.server.people.models import User
from tidegate.server.zones.scope import SITE

FIELDS = ("per_hour", "per_day", "per_week")


def set_limits(person: User, limits: dict[str, int | None], *, actor: str) -> None:
    """Let these hold for somebody, in points, in place of what was set before; None: as the site has it.

    Raises:
        RunError: a limit is below 0, or above the site's.
    """
    site = care()
    for name in FIELDS:
        value, most = limits.get(name), getattr(site, name)
        if value is not None and not 0 <= value <= most:
            raise RunError(
                f"a limit for one person lies between 0 and the site's, {most}",
                where=Where(field=name),
                remedy="Leave it empty to let the site's hold.",
            )
    told = {name: limits.get(name) for name in FIELDS}
    with transaction.atomic():
        if any(value is not None for value in told.values()):
            Limits.objects.update_or_create(person=person, defaults=told)
        else:
            Limits.objects.filter(person=person).delete()
        append([Act(actor, "care.limits_set", SITE, person.actor, told)])

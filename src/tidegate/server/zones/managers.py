"""The scoped query helper: `Model.objects` of every model that has a zone is one of these.

There is no other way to ask for rows of such a model, and no argument to leave out.
"""

from __future__ import annotations

from typing import Any

from django.db import models

from tidegate.server.zones.scope import COMMON, current


class Scoped(models.Manager[Any]):
    """Rows of the zones of the current scope.

    A model that has no column `zone` says by `zone_by` how to get to one, such as `item__zone`; one
    whose rows may be of no zone in particular says `zone_common = True`, and everybody sees these. (They are
    not arguments, since Django makes managers of related rows, `item.versions`, from the class alone.)
    """

    def get_queryset(self) -> models.QuerySet[Any]:
        rows, zones = super().get_queryset(), current().zones
        if zones is None:
            return rows
        seen = sorted(zones | {COMMON} if getattr(self.model, "zone_common", False) else zones)
        return rows.filter(**{f"{getattr(self.model, 'zone_by', 'zone')}__in": seen})


def scoped_models() -> list[type[models.Model]]:
    """Every model whose rows belong to zones."""
    from django.apps import apps

    return [model for model in apps.get_models() if isinstance(model._default_manager, Scoped)]

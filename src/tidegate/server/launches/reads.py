"""What decides now, and what was chosen to."""

from __future__ import annotations

from tidegate.errors import RunError, Where
from tidegate.names import nearest
from tidegate.server.launches.models import Activation, StrategyVersion, Switch


def active() -> tuple[int, StrategyVersion] | None:
    """The number of the newest activation and its version; None before the first."""
    newest = Activation.objects.select_related("version__base").order_by("-pk").first()
    return None if newest is None else (newest.pk, newest.version)


def newest_activation() -> int | None:
    """Its number alone, which every batch of items asks for."""
    number: int | None = Activation.objects.order_by("-pk").values_list("pk", flat=True).first()
    return number


def switched_off() -> list[Switch]:
    """The switches that are off, oldest first."""
    return list(Switch.objects.filter(on_at=None).order_by("pk"))


def version_of(name: str | None, number: int | None) -> StrategyVersion:
    """A published version; the active one where none is named, the newest of a name without a number.

    Raises:
        RunError: there is none such.
    """
    if name is None:
        found = active()
        if found is None:
            raise RunError(
                "no strategy is active",
                remedy="Publish one: tidegate publish strategies/text.yaml --message …",
            )
        return found[1]
    versions = StrategyVersion.objects.filter(name=name)
    if number is not None:
        versions = versions.filter(number=number)
    version = versions.order_by("-number").first()
    if version is None:
        names = set(StrategyVersion.objects.values_list("name", flat=True))
        asked = f"'{name}'" if number is None else f"'{name}' {number}"
        raise RunError(
            f"there is no published strategy {asked}",
            where=Where(field="strategy"),
            remedy=nearest(name, names - {name}) or "`tidegate versions` lists what was published.",
        )
    return version

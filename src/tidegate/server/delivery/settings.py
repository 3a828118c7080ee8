"""The section [webhooks] of tidegate.toml: how deliveries are sent, and how often they are tried."""

from __future__ import annotations

import random
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

from tidegate.errors import Where, WorkspaceError
from tidegate.names import nearest
from tidegate.runs.workspace import FILE


@dataclass(frozen=True)
class Webhooks:
    """Settings with their defaults: eight tries within about twelve hours."""

    allow_private: bool = False
    """Endpoints may lie in private networks, and be plain http."""
    delay_s: float = 0.0
    """How long decisions wait, so that they can be undone; of endpoints made from now on."""
    tries: int = 8
    first_wait_s: float = 5.0
    factor: float = 5.0
    longest_wait_s: float = 6 * 3600.0
    timeout_s: float = 10.0
    """Of one try, all in all."""
    lease_s: float = 60.0
    """How long a worker holds what it sends; another one takes over then. Well above `timeout_s`."""

    def wait_s(self, attempts: int) -> float:
        """How long to wait after so many failed tries: longer each time, and not all at once."""
        wait = min(self.first_wait_s * self.factor ** (attempts - 1), self.longest_wait_s)
        return wait * random.uniform(0.75, 1.25)


def webhooks(workspace: Path) -> Webhooks:
    """The settings of a workspace.

    Raises:
        WorkspaceError: there is no such setting, or its value is of another type.
    """
    path = workspace / FILE
    section = tomllib.loads(path.read_text(encoding="utf-8")).get("webhooks", {})
    types = {one.name: type(one.default) for one in fields(Webhooks)}
    for name, value in section.items():
        where = Where(path, field=f"webhooks.{name}")
        if name not in types:
            raise WorkspaceError(
                f"there is no setting '{name}'",
                where=where,
                remedy=f"{nearest(name, types)}Settings are {', '.join(types)}.",
            )
        fits = isinstance(value, bool) if types[name] is bool else _number(value, types[name])
        if not fits:
            wanted = {bool: "true or false", int: "a whole number above 0", float: "a number from 0 up"}
            raise WorkspaceError(
                f"this must be {wanted[types[name]]}", where=where, remedy="Mend the value, or leave it out."
            )
    settings = Webhooks(**section)
    if settings.lease_s < settings.timeout_s:
        raise WorkspaceError(
            "lease_s is below timeout_s",
            where=Where(path, field="webhooks.lease_s"),
            remedy="Leave a try the time to end: give lease_s twice timeout_s or more.",
        )
    return settings


def _number(value: object, wanted: type) -> bool:
    if isinstance(value, bool):
        return False
    if wanted is int:
        return isinstance(value, int) and value > 0
    return isinstance(value, int | float) and 0 <= value < 1e9

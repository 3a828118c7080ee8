"""The section [webhooks] of tidegate.toml: how deliveries are sent, and how often they are tried."""

from __future__ import annotations

import random
from dataclasses import dataclass, fields
from pathlib import Path

from tidegate.runs.section import section

MOST = 1_000_000_000
"""Of tries and of seconds: nobody means more."""


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
    given, plain = section(workspace, "webhooks"), Webhooks()
    given.knows([one.name for one in fields(Webhooks)])
    seconds = ("delay_s", "first_wait_s", "factor", "longest_wait_s", "timeout_s", "lease_s")
    settings = Webhooks(
        allow_private=given.flag("allow_private", default=plain.allow_private),
        tries=given.whole("tries", plain.tries, 1, MOST),
        **{name: given.number(name, getattr(plain, name), 0, MOST) for name in seconds},
    )
    if settings.lease_s < settings.timeout_s:
        raise given.wrong(
            "lease_s",
            "lease_s is below timeout_s",
            "Leave a try the time to end: give lease_s twice timeout_s or more.",
        )
    return settings

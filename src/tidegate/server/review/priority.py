"""Which task goes first: severity × expected views × age against the time that its queue allows.

A task is worth

    w · G^(age / sla)    with   w = severity · (1 + views)^½,   G = 16

so that waiting for its whole time counts sixteenfold, and a quarter of it twofold. Views count by their
square root, since one post that goes round must not keep every other from being looked at. Age in the
exponent makes the order within a queue one that does not change: of the logarithm,

    ln w + (now - created) / sla · ln G  =  now / sla · ln G - rank,    rank = created / sla · ln G - ln w,

only the first term knows the time, and it is the same for all tasks of a queue. So an index on `rank` keeps
the order, and only the first tasks of several queues are compared by their worth.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from tidegate.policy.model import Severity

GROWTH = 16.0
SEVERITY = {Severity.LOW: 1, Severity.MEDIUM: 2, Severity.HIGH: 4, Severity.CRITICAL: 8}
"""What each severity of a policy weighs, in priority and in exposure."""
UNKNOWN = SEVERITY[Severity.MEDIUM]
"""Where no policy is named."""


def rank(severity: int, views: int | None, created: datetime, sla: timedelta) -> float:
    """The place of a task within its queue; smaller goes first. No unit.

    Args:
        severity: its weight, 1 or more.
        views: expected, 0 or more; None counts as 0.
        created: when it was asked.
        sla: the time that the queue allows.
    """
    weight = math.log(severity) + math.log1p(views or 0) / 2
    return created.timestamp() / sla.total_seconds() * math.log(GROWTH) - weight


def worth(rank: float, now: datetime, sla: timedelta) -> float:
    """The logarithm of what a task of this rank is worth now: comparable between queues."""
    return now.timestamp() / sla.total_seconds() * math.log(GROWTH) - rank

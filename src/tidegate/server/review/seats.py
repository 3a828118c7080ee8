"""Tasks in the place of others: one more seat, arbitration, a gold. None of them is stored here.

Such a task waits where the other one does: in its queue, with its rank and its times.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from tidegate.server.review.models import Kind, State, Task
from tidegate.server.review.queues import queue_settings
from tidegate.server.review.rights import RIGHT

OWN = ("id", "handle", "state", "message", "not_before", "assigned_to_id", "leased_to_id", "leased_until")
"""What is of one task alone. The others are of its question and its place."""


def in_place_of(of: Task, **changes: Any) -> Task:
    """A new open task for anybody where this one is, but for the changes."""
    fields = {field.attname for field in Task._meta.concrete_fields} - set(OWN)
    return Task(**{name: getattr(of, name) for name in fields} | {"state": State.OPEN} | changes)


def another_seat(of: Task, handle: uuid.UUID) -> Task:
    """One more task of the same question, for somebody else."""
    return in_place_of(of, message=of.message, handle=handle)


def arbitration(of: Task, at: datetime) -> Task:
    """The question which of two answers to `of` holds. It has waited since the question was asked."""
    due = at + queue_settings(of.queue).sla
    return in_place_of(of, kind=Kind.ARBITRATE, right=RIGHT[Kind.ARBITRATE], due_at=due)


def gold_seat(of: Task, **about: Any) -> Task:
    """A gold where a task was about to be given: nothing but what it is `about` tells it apart."""
    other = {"question": uuid.uuid4(), "decision_id": None, "event_id": None}
    return in_place_of(of, kind=Kind.GOLD, right=RIGHT[Kind.GOLD], **other, **about)

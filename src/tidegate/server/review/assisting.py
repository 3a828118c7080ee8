"""Whether a task shows what the machine found: by its queue's share, drawn from the task's own handle.

The browser knows the handle, so the draw is keyed with the service's secret: else whoever computes it could
tell a blind task from one that was drawn to be shown without help.
"""

from __future__ import annotations

from uuid import UUID

from django.utils.crypto import salted_hmac

from tidegate.server.review.models import BLIND, Kind, Task
from tidegate.server.review.queues import queue_settings

SALT = "tidegate.server.review.assisting"


def assisted(task: Task) -> bool:
    """Only where it is asked what to do, with the chance that the queue states. The same at every look."""
    return task.kind == Kind.DECIDE and is_helped(task.handle, task.queue)


def is_helped(handle: UUID, queue: str) -> bool:
    """Whether a question of this queue, what is to be done, shows what the machine found."""
    drawn = int.from_bytes(salted_hmac(SALT, handle.bytes).digest()[:4]) / 2**32
    return drawn < queue_settings(queue).assist


def looks_blind(task: Task) -> bool:
    """Whether it is blind, or shows as little as a blind one: what is so must be treated alike."""
    return task.kind in (*BLIND, Kind.DECIDE) and not assisted(task)

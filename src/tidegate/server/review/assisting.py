"""Whether a task shows what the machine found: by its queue's share, drawn from the task's own handle."""

from __future__ import annotations

from tidegate.server.review.models import Kind, Task
from tidegate.server.review.queues import queue_settings


def assisted(task: Task) -> bool:
    """Only where it is asked what to do, with the chance that the queue states. The same at every look."""
    if task.kind != Kind.DECIDE:
        return False
    share = queue_settings(task.queue).assist
    return bool(task.handle.int % 10_000 < share * 10_000)

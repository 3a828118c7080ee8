"""Whether a task shows what the machine found: by its queue's share, drawn from the task's own handle."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from tidegate.server.review.models import BLIND, Task
from tidegate.server.review.queues import queue_settings


def assisted(task: Task) -> bool:
    """Never where blind; else with the chance that the queue states. The same at every look."""
    if task.kind in BLIND:
        return False
    share = queue_settings(Path(settings.WORKSPACE), task.queue).assist
    return bool(task.handle.int % 10_000 < share * 10_000)

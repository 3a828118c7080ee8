"""Ending what tasks are: leases, and questions that nobody needs the answer to any more."""

from __future__ import annotations

from django.db.models import QuerySet

from tidegate.server.review.models import State, Task


def free(tasks: QuerySet[Task]) -> int:
    """Take tasks back from whoever holds them, for others. Returns how many."""
    return tasks.update(leased_to=None, leased_until=None)


def ask_no_more(tasks: QuerySet[Task]) -> int:
    """Take questions back that are open; an answer that is on its way is late. Returns how many."""
    return tasks.filter(state=State.OPEN).update(state=State.GONE, leased_to=None, leased_until=None)

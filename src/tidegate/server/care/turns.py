"""The turn of one person: what two of their windows do at once is done one after the other."""

from __future__ import annotations

from tidegate.server.people.models import User


def hold_turn(person: User) -> None:
    """Hold somebody's row until the transaction ends.

    Without its key: rows that refer to a person are checked against it when they are committed, and whoever
    answers a task, which is held by then, would wait for a lease that waits for that task.
    """
    User.objects.select_for_update(no_key=True).get(pk=person.pk)

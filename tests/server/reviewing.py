"""Answers of reviewers, given from outside the service's processes: run in the workspace as a command.

Reads from standard input a JSON list of [item, person, action, policy, what was said of the machine's
findings]; each person answers the open question on the item.
"""

from __future__ import annotations

import json
import sys
import uuid
from pathlib import Path


def main() -> None:
    from tidegate.server.boot import boot

    boot(Path(), migrate=False)

    from tidegate.server.people.persons import Change, set_person
    from tidegate.server.review.answering import answer
    from tidegate.server.review.given import Given
    from tidegate.server.review.models import Kind, Task
    from tidegate.server.review.reviewers import reviewer_named
    from tidegate.server.zones.scope import EVERYWHERE, within

    with within(EVERYWHERE):
        for item, person, action, policy, verdict in json.load(sys.stdin):
            who, _ = set_person(person, Change(roles=["senior"], zones=["us"]), actor="test")
            tasks = Task.objects.filter(item__external_id=item, kind=Kind.DECIDE)
            task = tasks.exclude(answers__person=who).order_by("state", "pk").last()
            given = Given(uuid.uuid4(), task.handle, action, policy, assist_verdict=verdict)
            answer(reviewer_named(who), given)


if __name__ == "__main__":
    main()

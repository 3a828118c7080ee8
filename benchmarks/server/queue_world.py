"""Times what a reviewer and a lead wait for, over many open tasks: run by bench_queues.

    python -m benchmarks.server.queue_world SITE WAITING

Prints lines of JSON: a name, and for each of ROUNDS the milliseconds that it took and those of this process.
"""

from __future__ import annotations

import json
import random
import sys
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

ROUNDS = 15
FEW = 5
"""Tasks that somebody can be given although all others are none for them; the last in the queue."""
DAYS = 28
AT_ONCE = 5_000
HEAVY, LIGHT = 8, 1
OTHERS: dict[str, dict[str, Any]] = {
    "whatever comes": {},
    "all but 5 exceed their limit": {"severity": HEAVY},
    "all but 5 are of an area that they do not review": {"policy": "graphic-violence"},
    "all but 5 are in another language": {"language": "xx"},
    "all but 5 are for seniors": {"right": "arbitrate"},
}
"""What the many are; the few are light, in English, of no policy and for anybody who decides."""


def main(site: str, waiting: int) -> None:
    from tidegate.server.boot import boot

    boot(Path(site))
    fill(waiting)
    for name, many in OTHERS.items():
        told(f"tasks given, {name}", giving(many))
    told("the page of queues", page("/quality/queues/"))


def told(name: str, work: Callable[[], Any]) -> None:
    work()  # what is kept for the next time is there
    took = []
    for _ in range(ROUNDS):
        begun = time.perf_counter(), time.process_time()
        work()
        ended = time.perf_counter(), time.process_time()
        took.append([1_000 * (after - before) for before, after in zip(begun, ended, strict=True)])
    print(json.dumps([name, took]), flush=True)


def fill(waiting: int) -> None:
    """So many open tasks, and as many that were answered; both came over four weeks."""
    from tidegate.server.content.models import Item
    from tidegate.server.people.persons import Change, set_person
    from tidegate.server.review.clock import now
    from tidegate.server.review.models import Answer, Queue, State, Task

    at, chance = now(), random.Random(7)
    person, _ = set_person("answers", Change(roles=["moderator"], zones=["us"]), actor="bench")
    Queue.objects.create(zone="us", name="reported")
    for start in range(0, waiting, AT_ONCE):
        numbers = range(start, min(start + AT_ONCE, waiting))
        items = Item.objects.bulk_create(
            Item(zone="us", external_id=f"post-{n}", version=1, digest="", first_at=at) for n in numbers
        )
        tasks = []
        for item in items:
            for state in (State.OPEN, State.DONE):
                made = at - DAYS * timedelta(days=1) * chance.random()
                tasks.append(_task(item, state, made))
        Task.objects.bulk_create(tasks)
        Answer.objects.bulk_create(_answer(task, person) for task in tasks if task.state == State.DONE)


def _task(item: Any, state: str, made: Any) -> Any:
    from tidegate.server.review.models import Task
    from tidegate.server.review.priority import rank

    sla = timedelta(hours=24)
    return Task(
        zone="us",
        item=item,
        item_version=1,
        kind="decide",
        queue="reported",
        right="decide",
        language="en",
        severity=LIGHT,
        state=state,
        rank=rank(LIGHT, 0, made, sla),
        created_at=made,
        due_at=made + sla,
    )


def _answer(task: Any, person: Any) -> Any:
    from tidegate.server.review.models import Answer

    return Answer(
        key=uuid.uuid4(),
        task=task,
        zone="us",
        person=person,
        item_id=task.item_id,
        item_version=1,
        violates=False,
        action="allow",
        assisted=False,
        wall_ms=9_000,
        active_ms=8_000,
        idle_ms=0,
        answered_at=task.created_at + timedelta(hours=1),
    )


def giving(many: dict[str, Any]) -> Callable[[], Any]:
    """Somebody new is given three tasks, and gives them back; what is not timed is undone beneath."""
    from tidegate.server.care.models import Exposure
    from tidegate.server.care.opting_out import opt_out
    from tidegate.server.people.persons import Change, set_person
    from tidegate.server.review.clock import now
    from tidegate.server.review.leasing import lease, release
    from tidegate.server.review.models import State, Task
    from tidegate.server.review.reviewers import reviewer_named, set_skills

    person, _ = set_person(f"r-{uuid.uuid4().hex[:8]}", Change(roles=["moderator"], zones=["us"]), actor="b")
    opened = Task.objects.filter(state=State.OPEN)
    opened.update(severity=LIGHT, policy=None, language="en", right="decide")
    few = list(opened.order_by("-rank").values_list("pk", flat=True)[:FEW])
    if many:
        opened.exclude(pk__in=few).update(**many)
    analyse()
    if "severity" in many:  # as much as leaves room for the light ones alone
        Exposure.objects.create(person=person, at=now(), weight=480 - HEAVY + 1, area="none")
    if "policy" in many:
        opt_out(person, ["violence"])
    if "language" in many:
        set_skills(person, "language", ["en"])
    who = reviewer_named(person)

    def work() -> None:
        given = lease(who)
        assert len(given) == 3, len(given)
        release(person)
        Exposure.objects.filter(person=person, weight=LIGHT).delete()

    return work


def page(address: str) -> Callable[[], Any]:
    """A lead opens a page; the forecast is drawn anew each time, as it changes with the time."""
    from allauth.account.internal.userkit import user_id_to_str
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
    from django.test import Client

    from tidegate.server.people.persons import Change, set_person

    person, _ = set_person("lead", Change(roles=["lead"], zones=["us"]), actor="bench")
    TOTP.activate(person, generate_totp_secret())
    client = Client(headers={"host": "localhost"})
    client.force_login(person)
    session = client.session
    session["account_authentication_methods"] = [{"method": "mfa", "at": 0, "type": "totp"}]
    session["account_authentication_methods_user"] = user_id_to_str(person)
    session.save()

    def work() -> None:
        answer = client.get(address)
        assert answer.status_code == 200, answer.status_code
        assert answer.content.count(b"<svg ") == 3

    return work


def analyse() -> None:
    """Count, as PostgreSQL does by itself. SQLite never does: it is told what to believe."""
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("vacuum analyze")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

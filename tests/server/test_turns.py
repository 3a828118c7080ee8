"""On PostgreSQL, where writers come between one another: what two do at once ends, and nobody has what
another one has."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.server.test_review import REMOVE, answered, only, reported, somebody

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("everywhere")]


@pytest.fixture
def everywhere(inside: Path) -> Iterator[None]:
    from django.db import connection

    from tidegate.server.review.models import State, Task
    from tidegate.server.zones.scope import EVERYWHERE, within

    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    with within(EVERYWHERE):
        Task.objects.filter(state=State.OPEN).update(state=State.GONE)
        yield


class Beside(threading.Thread):
    """Work of another process, over a connection of its own."""

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__()
        self.work, self.fault = work, None

    def run(self) -> None:
        from django.db import connection

        from tidegate.server.zones.scope import EVERYWHERE, within

        try:
            with within(EVERYWHERE):
                self.work()
        except Exception as error:
            self.fault = error
        finally:
            connection.close()


@contextmanager
def before(statement: str, work: Callable[[], None]) -> Iterator[None]:
    """Do this once, when a statement with these words is about to be sent here."""
    from django.db import connection

    done = []

    def look(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        if not done and statement in str(sql):
            done.append(sql)
            work()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        yield
    assert done


def test_a_task_that_lapses_while_it_is_renewed_is_with_one_person() -> None:
    from tidegate.server.review.clock import now
    from tidegate.server.review.leasing import lease
    from tidegate.server.review.models import Task

    reported()
    one, other = somebody("moderator"), somebody("moderator")
    task = only(one)
    Task.objects.filter(pk=task.pk).update(leased_until=now() + timedelta(seconds=0.5))
    theirs: list[Any] = []

    def lapse() -> None:
        time.sleep(0.6)
        taking = Beside(lambda: theirs.extend(lease(other)))
        taking.start()
        taking.join()
        assert taking.fault is None

    with before('UPDATE "review_task"', lapse):
        mine = lease(one)
    assert len(mine) + len(theirs) == 1


def test_two_batches_that_share_their_items_do_not_wait_for_one_another() -> None:
    """Each edits what the other one sends again with more views."""
    from tidegate.server.content.actions import take_in
    from tidegate.server.content.arrivals import CONTENT, Arrival

    def sent(name: str, text: str, views: int) -> Arrival:
        content = dict.fromkeys(CONTENT) | {"kind": "text", "text": text}
        return Arrival("key:test", "us", f"crossing-{name}", content, views)

    take_in([sent("x", "Tea.", 1), sent("y", "Tea.", 1)])
    other = Beside(lambda: take_in([sent("x", "Coffee.", 1), sent("y", "Tea.", 2)]))

    def begin() -> None:
        other.start()
        time.sleep(0.7)

    with before('UPDATE "content_item" SET "views"', begin):
        take_in([sent("y", "Coffee.", 1), sent("x", "Tea.", 2)])
    other.join()
    assert other.fault is None


def test_skills_are_changed_while_the_person_answers() -> None:
    from tidegate.server.quality.assigning import skill

    reported()
    who, lead = somebody("moderator"), somebody("lead")
    task = only(who)
    answering = Beside(lambda: answered(who, task, *REMOVE))

    def begin() -> None:
        answering.start()
        time.sleep(1)

    skills = {"language": ["en"], "policy": [], "certificate": []}
    with before('FROM "ledger_head"', begin):
        skill(who.person, skills, lead.person)
    answering.join()
    assert answering.fault is None


def test_a_gold_is_slipped_in_while_its_item_is_decided_on(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.server.test_golds import agreed, marked

    from tidegate.server.content.recording import hold
    from tidegate.server.ledger.actions import in_turn
    from tidegate.server.quality import slipping
    from tidegate.server.review.leasing import lease

    monkeypatch.setattr(slipping, "_is_due", lambda who, task: True)
    gold = marked(agreed())
    reported()
    who = somebody("moderator")
    given: list[Any] = []
    leasing = Beside(lambda: given.extend(lease(who)))

    from django.db import transaction

    with transaction.atomic():
        hold([(gold.item.zone, gold.item.external_id)])
        leasing.start()
        time.sleep(1)
        in_turn()  # as whoever decides does last
    leasing.join()
    assert leasing.fault is None
    assert [task.kind for task in given] == ["gold"]

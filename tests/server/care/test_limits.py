"""Exposure is counted when a task is given, given back when nobody saw it, and never more than the limits."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta
from typing import Any

import pytest
from tests.server.care.conftest import Site, waiting, weights
from tests.server.test_review import answered, somebody

pytestmark = pytest.mark.usefixtures("everywhere")


def lease(who: Any, **more: Any) -> list[Any]:
    from tidegate.server.review.leasing import lease as lease_

    return lease_(who, **more)


def hour(who: Any) -> int:
    """Points of the hour."""
    from tidegate.server.care.exposures import used_by
    from tidegate.server.care.windows import Window
    from tidegate.server.review.clock import now

    return used_by(who.person, now())[Window.HOUR]


def earlier(who: Any, **ago: float) -> None:
    """Let all that somebody was given have been given so long ago."""
    from django.db.models import F

    from tidegate.server.care.models import Exposure

    Exposure.objects.filter(person=who.person).update(at=F("at") - timedelta(**ago))


def test_what_is_given_counts_and_what_does_not_fit_is_not_given(site: Site) -> None:
    from tidegate.server.care.state import state

    site(per_hour=16)
    waiting(8, 4, 4, 8, 1)
    who = somebody("moderator")
    first = lease(who)
    assert weights(first) == [8, 4, 4]
    assert hour(who) == 16
    for task in first:
        answered(who, task)
    assert lease(who) == []
    told = state(who.person)
    assert (told["why"], told["light_only"]) == ("hour", False)
    assert told["next_free_at"] is not None
    earlier(who, minutes=59)
    assert lease(who) == []
    earlier(who, minutes=1)
    assert weights(lease(who)) == [8, 1]
    assert state(somebody("moderator").person)["why"] is None


def test_when_nothing_heavy_fits_lighter_ones_come_from_behind(site: Site) -> None:
    from tidegate.server.care.state import state

    site(per_hour=11)
    waiting(8, 8, 8, 8, 4, 2, 1)
    who = somebody("moderator")
    assert weights(lease(who)) == [8, 2, 1]
    site(per_hour=12)
    assert state(who.person)["light_only"]
    waiting(8, 1)
    answered(who, lease(who)[0])
    assert weights(lease(who)) == [2, 1, 1]


def test_a_day_and_a_week_are_limits_too(site: Site) -> None:
    from tidegate.server.care.state import state

    site(per_hour=8, per_day=16, per_week=24)
    waiting(8, 8, 8, 8, 8)
    who = somebody("moderator")
    for ago, why in (({"hours": 1}, None), ({"hours": 1}, "day"), ({"days": 1}, "week")):
        (task,) = lease(who)
        answered(who, task)
        earlier(who, **ago)
        assert state(who.person)["why"] == why
        if why == "day":
            assert lease(who) == []
            earlier(who, days=1)
    assert lease(who) == []


def test_blind_tasks_weigh_what_is_suspected_of_them(site: Site) -> None:
    from tidegate.server.review.models import Kind, Task

    site(per_hour=8)
    (task, _) = waiting(8, 8)
    Task.objects.filter(pk=task.pk).update(kind=Kind.AUDIT, right="label_audits")
    who = somebody("moderator")
    assert weights(lease(who)) == [8]
    assert lease(who)[0].pk == task.pk


def test_what_one_window_had_and_nobody_saw_is_given_back(site: Site) -> None:
    from tidegate.server.review.leasing import release_unseen

    site(per_hour=16)
    waiting(8, 8)
    who, window = somebody("moderator"), uuid.uuid4()
    seen, unseen = lease(who, window=window)
    assert release_unseen(who.person, [unseen.handle], uuid.uuid4()) == 0
    assert hour(who) == 16
    assert release_unseen(who.person, [unseen.handle], window) == 1
    assert hour(who) == 8
    other = somebody("moderator")
    assert [task.pk for task in lease(other)] == [unseen.pk]
    answered(who, seen)
    assert release_unseen(who.person, [seen.handle], window) == 0
    assert hour(who) == 8


def test_what_two_windows_had_is_given_back_by_neither(site: Site) -> None:
    from tidegate.server.review.leasing import release_unseen

    site(per_hour=16)
    (task,) = waiting(8)
    who, one, other = somebody("moderator"), uuid.uuid4(), uuid.uuid4()
    assert lease(who, window=one) == lease(who, window=other) == [task]
    for window in (one, other):
        assert release_unseen(who.person, [task.handle], window) == 0
    assert hour(who) == 8
    assert lease(somebody("moderator")) == []


def test_a_window_without_a_name_gives_nothing_back_and_going_keeps_what_was_counted(site: Site) -> None:
    from tidegate.server.review.leasing import release, release_unseen

    (task,) = waiting(8)
    who = somebody("moderator")
    lease(who)
    assert release_unseen(who.person, [task.handle], uuid.uuid4()) == 0
    assert release(who.person) == 1
    assert hour(who) == 8


def test_a_lead_may_set_lower_limits_and_none_that_are_higher(site: Site) -> None:
    from tidegate.server.care.models import Limits

    site(per_hour=16)
    waiting(8, 8, 4)
    who = somebody("moderator")
    Limits.objects.create(person=who.person, per_hour=4, per_day=100_000)
    assert weights(lease(who)) == [4]
    Limits.objects.filter(person=who.person).update(per_hour=0)
    assert lease(somebody("moderator"))
    from tidegate.server.care.state import state

    assert state(who.person)["windows"][0] == {"window": "hour", "limit": 0, "used": 0}
    assert state(who.person)["next_free_at"] is None


def test_a_clock_that_was_set_back_frees_nothing(site: Site) -> None:
    site(per_hour=8)
    waiting(8, 8)
    who = somebody("moderator")
    lease(who)
    earlier(who, hours=-30)  # as it looks from a clock that was set back
    assert hour(who) == 8
    assert len(lease(who)) == 1


def test_which_task_it_was_is_forgotten_when_it_was_answered_or_left(site: Site) -> None:
    from tidegate.server.care.models import Exposure
    from tidegate.server.review.leaving import skip

    waiting(2, 2, 2)
    who = somebody("moderator")
    first, second, _ = lease(who, window=uuid.uuid4())
    answered(who, first)
    skip(who, second.handle, "distress")
    rows = Exposure.objects.filter(person=who.person)
    assert sorted(row is None for row in rows.values_list("handle", flat=True)) == [False, True, True]
    assert rows.exclude(window=None).count() == 1


def test_used_is_told_in_tenths_so_that_one_blind_task_does_not_show(site: Site) -> None:
    from tidegate.server.care.state import state, stepped

    site(per_hour=400)
    waiting(8)
    who = somebody("moderator")
    before = state(who.person)["windows"]
    lease(who)
    assert state(who.person)["windows"] == before
    assert [stepped(spent, 400) for spent in (0, 19, 21, 400)] == [0, 0, 40, 400]


def test_rotation_gives_what_is_light_first_from_a_share_of_the_hour_on(site: Site) -> None:
    site(per_hour=32, rotate_from=0.25)
    waiting(8, 8, 2)
    who = somebody("moderator")
    assert weights(lease(who, buffer=1)) == [8]
    assert weights(lease(who, buffer=3)) == [8, 2, 8]


def test_limits_hold_while_many_windows_ask_and_answer_at_once(site: Site) -> None:
    """Four people in two windows each, as fast as the database allows; every answer of the lease is checked
    against the ledger."""
    from django.db import connection
    from django.db.models import Sum

    from tidegate.server.care.models import Exposure
    from tidegate.server.ledger.models import Entry
    from tidegate.server.review.leasing import release_unseen
    from tidegate.server.review.models import Task
    from tidegate.server.zones.scope import EVERYWHERE, within

    site(per_hour=30)
    waiting(*[8, 4, 2, 1] * 15)
    people = [somebody("moderator") for _ in range(4)]
    back = {who.person.pk: 0 for who in people}
    most = {who.person.pk: 0 for who in people}
    faults: list[BaseException] = []
    turn = threading.Lock()

    def work(who: Any, number: int) -> None:
        window = uuid.uuid4()
        try:
            with within(EVERYWHERE):
                for step in range(12):
                    held = lease(who, window=window)
                    points = hour(who)
                    with turn:
                        most[who.person.pk] = max(most[who.person.pk], points)
                    if held and (step + number) % 3:
                        answered(who, held[0])
                    elif len(held) > 1:
                        before = Exposure.objects.filter(person=who.person, handle=held[-1].handle)
                        weight = held[-1].severity if before.exists() else 0
                        if release_unseen(who.person, [held[-1].handle], window):
                            with turn:
                                back[who.person.pk] += weight
        except BaseException as error:
            faults.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(who, number)) for who in people for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    for who in people:
        assert 0 < most[who.person.pk] <= 30
        given = 0
        for subject in Entry.objects.filter(actor=who.person.actor, act="task.given").values_list(
            "subject", flat=True
        ):
            given += Task.objects.get(item_id=int(subject.split(":")[1]), state__in=("open", "done")).severity
        counted = Exposure.objects.filter(person=who.person).aggregate(sum=Sum("weight"))["sum"]
        assert counted == given - back[who.person.pk] <= 30

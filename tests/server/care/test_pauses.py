"""Breaks, and stepping away at once, of which nobody else learns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.server.care.conftest import Site, waiting
from tests.server.test_review import answered, somebody

PAINTED = (("paint", 0), ("decide", 25_000))


def leased(who: Any) -> list[Any]:
    from tidegate.server.review.leasing import lease

    return lease(who)


def told(who: Any) -> dict[str, Any]:
    from tidegate.server.care.state import state

    return state(who.person)


def rested(who: Any, minutes: float) -> None:
    from django.db.models import F

    from tidegate.server.care.models import Stretch

    Stretch.objects.filter(person=who.person).update(last_at=F("last_at") - timedelta(minutes=minutes))


@pytest.mark.usefixtures("everywhere")
def test_a_break_is_proposed_after_so_much_active_time_and_is_over_after_a_while(site: Site) -> None:
    site(break_after_minutes=1, break_minutes=10)
    waiting(*[1] * 6)
    who = somebody("moderator")
    for minutes, due in ((0, False), (0, False), (9, True)):
        answered(who, leased(who)[0], screen=PAINTED)
        assert told(who)["break"]["due"] is due
        rested(who, minutes)
    assert told(who)["break"]["active_minutes"] == 1
    assert told(who)["break"]["until"] is not None
    assert leased(who)  # it is proposed, not required
    rested(who, 1)
    assert told(who)["break"] == {
        "due": False,
        "required": False,
        "until": None,
        "minutes": 10,
        "active_minutes": 0,
    }
    rested(who, 0.5)
    answered(who, leased(who)[0], screen=PAINTED)
    assert not told(who)["break"]["due"]


@pytest.mark.usefixtures("everywhere")
def test_where_a_break_is_required_nothing_new_comes_until_it_is_over(site: Site) -> None:
    site(break_after_minutes=1, break_required=True)
    waiting(*[1] * 9)
    who = somebody("moderator")
    held = leased(who)
    for task in held:
        answered(who, task, screen=PAINTED)
    assert leased(who) == []
    assert told(who)["why"] == "break"
    rested(who, 10)
    assert len(leased(who)) == 3


@given(
    st.lists(st.tuples(st.integers(0, 3_600), st.integers(0, 300_000)), min_size=1, max_size=30),
    st.integers(1, 60),
)
def test_a_stretch_is_what_was_active_since_the_last_pause(
    answers: list[tuple[int, int]], pause: int
) -> None:
    from tidegate.server.care.pauses import stretched

    at, last, length = datetime(2026, 3, 1, tzinfo=UTC), None, timedelta(minutes=pause)
    stretch, since_pause = 0, 0
    for idle, active in answers:
        at += timedelta(seconds=idle, milliseconds=active)
        stretch = stretched(stretch, last, active, at, length)
        since_pause = active if last is None or timedelta(seconds=idle) >= length else since_pause + active
        last = at
        assert stretch == since_pause


@pytest.mark.usefixtures("everywhere")
def test_stepping_away_takes_all_off_at_once_and_nothing_says_who_did(site: Site) -> None:
    from tidegate.server.care.pauses import come_back, step_away
    from tidegate.server.ledger.models import Entry

    waiting(1, 1, 1)
    who, other = somebody("moderator"), somebody("moderator")
    assert len(leased(who)) == 3
    before = Entry.objects.count()
    step_away(who.person)
    assert Entry.objects.count() == before
    assert leased(who) == []
    assert told(who)["why"] == "away"
    assert len(leased(other)) == 3
    come_back(who.person)
    assert told(who)["why"] is None
    assert (
        Entry.objects.exclude(act="task.given").count()
        == Entry.objects.filter(number__lte=before).exclude(act="task.given").count()
    )


@pytest.mark.usefixtures("everywhere")
def test_what_is_reserved_for_somebody_who_is_away_waits_for_nobody(site: Site) -> None:
    from tidegate.server.care.pauses import step_away
    from tidegate.server.review.models import Task

    (task,) = waiting(1)
    who, other = somebody("moderator"), somebody("moderator")
    Task.objects.filter(pk=task.pk).update(assigned_to=who.person)
    assert leased(other) == []
    step_away(who.person)
    assert [one.pk for one in leased(other)] == [task.pk]


@pytest.mark.usefixtures("everywhere")
def test_erasing_a_person_erases_what_care_knows_of_them(site: Site) -> None:
    from django.apps import apps

    from tidegate.server.care.opting_out import opt_out
    from tidegate.server.care.pauses import step_away
    from tidegate.server.care.preferences import choose, usual
    from tidegate.server.people.persons import erase_person

    waiting(1)
    who = somebody("moderator")
    leased(who)
    step_away(who.person)
    opt_out(who.person, ["hate"])
    choose(who.person, {"hate": usual("hate")})
    erase_person(who.person, actor="test")
    for model in apps.get_app_config("care").get_models():
        if any(field.name == "person" for field in model._meta.fields):
            assert not model.objects.filter(person=who.person).exists(), model

"""Trials on people who take part of their own will: balanced groups, nobody known, results of groups."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.server.care.conftest import Site, waiting
from tests.server.test_review import answered, somebody


@pytest.fixture
def begun(site: Site, everywhere: None) -> Any:
    """A trial of blur on violence, with groups of five."""
    from tidegate.server.care.models import Trial
    from tidegate.server.care.trials import begin

    site(trial_group=5)
    Trial.objects.all().delete()
    return begin("blur-1", "blur", ["violence"], actor="test")


def joined(number: int) -> list[Any]:
    from tidegate.server.care.trials import take_part

    first = somebody("moderator")
    while first.person.pk % 4:  # so that they are whole blocks
        first = somebody("moderator")
    people = [first, *(somebody("moderator") for _ in range(number - 1))]
    for who in people:
        take_part(who.person)
    return people


def heavy(people: list[Any]) -> None:
    """Whoever has the setting on says 2, others 7."""
    from tidegate.server.care.models import Part
    from tidegate.server.care.trials import say

    for who in people:
        say(who.person, 2 if Part.objects.get(person=who.person).on else 7, date(2026, 3, 1))


@given(st.text(max_size=8), st.integers(0, 50))
def test_groups_are_balanced_in_every_block(seed: str, block: int) -> None:
    from tidegate.server.care.trials import group

    assert sum(group(seed, 4 * block + one) for one in range(4)) == 2


def test_chance_decides_and_leaving_brings_ones_own_settings_back(begun: Any) -> None:
    from tidegate.server.care.models import Part
    from tidegate.server.care.preferences import applied, chosen
    from tidegate.server.care.trials import leave, take_part

    people = joined(4)
    on = [applied(who.person)["violence"].blur for who in people]
    assert sorted(on) == [False, False, True, True]
    for who in people:
        take_part(who.person)
        assert applied(who.person)["hate"] == chosen(who.person)["hate"]
    assert [applied(who.person)["violence"].blur for who in people] == on
    leave(people[0].person)
    assert applied(people[0].person) == chosen(people[0].person)
    assert not Part.objects.filter(person=people[0].person).exists()


def test_who_leaves_and_joins_again_is_in_the_same_group_and_cannot_choose_it(begun: Any) -> None:
    from tidegate.server.care.models import Part, Trial
    from tidegate.server.care.trials import leave, take_part

    def groups() -> list[bool]:
        return [Part.objects.get(person=who.person).on for who in people]

    people = joined(8)
    first = groups()
    heavy(people)
    for who in people:
        for _ in range(5):
            leave(who.person)
            take_part(who.person)
    assert groups() == first
    assert not any(part.said.exists() or part.tasks for part in begun.parts.all())
    for who in people:
        leave(who.person)
    for who in reversed(people):  # nor does it hang on who comes when
        take_part(who.person)
    assert groups() == first
    assert vars(Trial.objects.get(pk=begun.pk)) | {"_state": 0} == vars(begun) | {"_state": 0}


def test_another_trial_draws_anew(begun: Any) -> None:
    from tidegate.server.care.trials import group

    drawn = {tuple(group(f"{secret}", number) for number in range(8)) for secret in range(200)}
    assert len(drawn) == 36  # six ways for each of two blocks, and no other


def test_a_result_is_made_once_of_groups_alone_and_who_took_part_is_forgotten(begun: Any) -> None:
    from tidegate.server.care.models import Part, Said
    from tidegate.server.care.trials import end
    from tidegate.server.ledger.models import Entry

    people = joined(12)
    heavy(people)
    waiting(2)
    from tidegate.server.review.leasing import lease

    answered(people[0], lease(people[0])[0], screen=(("paint", 0), ("decide", 9_000)))
    assert Part.objects.get(person=people[0].person).active_ms == 9_000
    found = end("blur-1", actor="test").result
    assert set(found) == {"heavy"}  # too few have answered anything
    assert (found["heavy"]["on"]["people"], found["heavy"]["on"]["estimate"]) == (6, pytest.approx(2))
    assert found["heavy"]["estimate"] == pytest.approx(-5)
    assert found["heavy"]["low"] < -5 < found["heavy"]["high"]
    assert not Part.objects.exists()
    assert not Said.objects.exists()
    told = "".join(str(vars(entry)) for entry in Entry.objects.filter(act__startswith="trial."))
    assert not any(who.person.actor in told for who in people)


def test_of_too_few_nothing_is_told_whatever_they_said(begun: Any) -> None:
    from tidegate.server.care.models import Part
    from tidegate.server.care.trials import end, is_enough, leave

    people = joined(12)
    heavy(people)
    assert is_enough(begun)
    of_on = [who for who in people if Part.objects.get(person=who.person).on]
    for who in of_on[:2]:
        leave(who.person)
    assert not is_enough(begun)
    assert end("blur-1", actor="test").result is None
    assert not Part.objects.exists()


def test_what_cannot_be_is_refused_and_changes_nothing(begun: Any) -> None:
    from tidegate.errors import RunError
    from tidegate.server.care import trials
    from tidegate.server.care.models import Trial

    for name, setting, areas, message in (
        ("blur-2", "blur", ["violence"], "another trial runs"),
        ("blur-1", "blur", ["violence"], "no name"),
        ("Blur!", "blur", ["violence"], "no name"),
        ("x", "colour", ["violence"], "no setting"),
        ("x", "blur", ["boredom"], "no harm area"),
        ("x", "blur", [], "about a harm area"),
    ):
        with pytest.raises(RunError, match=message):
            trials.begin(name, setting, areas, actor="test")
    assert Trial.objects.count() == 1
    who = somebody("moderator")
    with pytest.raises(RunError, match="no trial"):
        trials.say(who.person, 3, date(2026, 3, 1))
    trials.take_part(who.person)
    with pytest.raises(RunError, match="from 0 to 10"):
        trials.say(who.person, 11, date(2026, 3, 1))
    with pytest.raises(RunError, match="no trial named"):
        trials.end("blur-9", actor="test")
    trials.end("blur-1", actor="test")
    with pytest.raises(RunError, match="no trial runs"):
        trials.take_part(who.person)

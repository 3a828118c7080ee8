"""How items are shown, and opting out of harm areas: neither tells of a blind task, nor of anybody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.server.care.conftest import Site, waiting
from tests.server.test_review import somebody

pytestmark = pytest.mark.usefixtures("everywhere")
POLICIES = ("child-safety", "harassment-bullying", None)


def leased(who: Any) -> list[Any]:
    from tidegate.server.review.leasing import lease

    return lease(who)


def test_much_is_hidden_at_first_where_harm_is_severe(site: Site) -> None:
    from tidegate.server.care.preferences import chosen

    usual = chosen(somebody("moderator").person)
    grave, plain = usual["child_safety"], usual[""]
    assert (grave.blur, grave.greyscale, grave.mute, grave.still, grave.mask) == (True,) * 5
    assert (plain.blur, plain.greyscale, plain.mute, plain.still, plain.mask) == (False,) * 5
    assert (grave.preview, plain.preview) == ("small", "medium")


def test_a_task_is_shown_as_its_area_is_and_a_blind_one_as_all_of_them(site: Site) -> None:
    from tidegate.server.care.preferences import Shown, choose, shown_to
    from tidegate.server.review.models import Kind

    who = somebody("moderator")
    bare = Shown(blur=False, greyscale=False, mute=False, still=False, mask=False, preview="full")
    choose(who.person, {"child_safety": bare})
    tasks = [waiting(2, policy=policy)[0] for policy in POLICIES]
    how = shown_to(who.person)
    # Their queue shows what the machine found of every task.
    assert [how(task)["preview"] for task in tasks] == ["full", "small", "medium"]
    blind = []
    for task in tasks:
        task.kind = Kind.AUDIT
        blind.append(how(task))
    assert blind == [blind[0]] * 3
    assert (blind[0]["blur"], blind[0]["preview"]) == (True, "small")  # as some other area is


def test_what_one_opted_out_of_is_not_given_blind_or_not(site: Site) -> None:
    from tidegate.errors import RunError
    from tidegate.server.care.opting_out import opt_out
    from tidegate.server.ledger.models import Entry
    from tidegate.server.review.models import Kind, Task

    who, other = somebody("moderator"), somebody("moderator")
    grave, blind, plain = (waiting(2, policy=one)[0] for one in ("child-safety", "child-safety", None))
    Task.objects.filter(pk=blind.pk).update(kind=Kind.AUDIT, right="label_audits")
    assert len(leased(who)) == 3
    before = Entry.objects.count()
    opt_out(who.person, ["child_safety"])
    assert Entry.objects.count() == before
    assert [task.pk for task in leased(who)] == [plain.pk]
    assert {task.pk for task in leased(other)} == {grave.pk, blind.pk}
    with pytest.raises(RunError, match="no harm area"):
        opt_out(who.person, ["boredom"])
    opt_out(who.person, [])


def test_what_is_reserved_for_somebody_who_opted_out_is_open_to_others(site: Site) -> None:
    from tidegate.server.care.opting_out import opt_out
    from tidegate.server.review.models import Task

    (task,) = waiting(2, policy="child-safety")
    who, other = somebody("moderator"), somebody("moderator")
    Task.objects.filter(pk=task.pk).update(assigned_to=who.person)
    assert leased(other) == []
    opt_out(who.person, ["child_safety"])
    assert leased(who) == []
    assert [one.pk for one in leased(other)] == [task.pk]


def test_leads_learn_only_how_many_and_only_of_many(site: Site) -> None:
    from django.db.models import F

    from tidegate.server.care.models import OptOut
    from tidegate.server.care.opting_out import counts, opt_out

    def count(zone: str) -> int | None:
        return dict(counts(zone))["violence"]

    people = [somebody("moderator", zones=("far",)) for _ in range(11)]
    for who in people[:4]:
        opt_out(who.person, ["violence"])
    OptOut.objects.update(since=F("since") - timedelta(days=8))
    assert count("far") is None
    opt_out(people[4].person, ["violence"])
    assert count("far") is None  # not before next Monday
    OptOut.objects.update(since=F("since") - timedelta(days=8))
    assert count("far") == 5
    opt_out(people[5].person, ["violence"])
    OptOut.objects.update(since=F("since") - timedelta(days=8))
    assert count("far") == 5  # in steps
    opt_out(people[6].person, ["violence"])
    OptOut.objects.update(since=F("since") - timedelta(days=8))
    assert count("far") is None  # fewer than five have not
    assert count("us") is None

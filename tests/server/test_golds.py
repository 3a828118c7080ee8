"""Golds: marked where an answer is settled, slipped in blind, asked once of each person, and counted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.server.test_review import REMOVE, answered, only, reported, somebody, stands, told

pytestmark = pytest.mark.usefixtures("inside")
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def everywhere(inside: Path) -> Iterator[None]:
    from tidegate.server.quality.models import Gold
    from tidegate.server.review.models import State, Task
    from tidegate.server.zones.scope import EVERYWHERE, within

    with within(EVERYWHERE):
        Task.objects.filter(state=State.OPEN).update(state=State.GONE)
        Gold.objects.filter(retired_at=None).update(retired_at=EPOCH, retired_because="worn")
        yield


def agreed(action: str = "remove", policy: str | None = "harassment-bullying", **content: Any) -> Any:
    """An item about which two people agree."""
    item, one, other = reported(**content), somebody("moderator"), somebody("moderator")
    answered(one, first_of(one, item), action, policy, second_opinion=True)
    answered(other, first_of(other, item), action, policy)
    return item


def first_of(who: Any, item: Any) -> Any:
    """The task on this item, held by somebody."""
    from tidegate.server.review.leasing import lease

    for _ in range(50):
        for task in lease(who):
            if task.item_id == item.pk:
                return task
    raise AssertionError("never given")


def marked(item: Any, who: Any = None) -> Any:
    from tidegate.server.quality.golds import mark

    return mark(item.zone, item.external_id, (who or somebody("qa")).person)


def leased_until_gold(who: Any, tasks: int = 60) -> list[Any]:
    """All that somebody is given while they answer as many tasks, none of which is a gold's."""
    from tidegate.server.review.leasing import lease

    given: list[Any] = []
    for _ in range(tasks):
        found = [task for task in lease(who, buffer=1) if task not in given]
        given += found
        for task in found:
            if task.kind != "gold":
                answered(who, task)
        if any(task.kind == "gold" for task in found):
            break
    return given


def signed_in(who: Any) -> Any:
    from django.test import Client
    from tests.server.test_walk import shows_second_factor

    client = Client()
    client.force_login(who.person)
    shows_second_factor(client, who.person)
    return client


def test_what_two_people_agree_on_may_be_known_and_what_one_says_may_not() -> None:
    from tidegate.errors import RunError

    item, one = reported(), somebody("moderator")
    answered(one, only(one), *REMOVE)
    with pytest.raises(RunError, match="not settled"):
        marked(item)
    gold = marked(agreed())
    assert (gold.violates, gold.policy, gold.how, gold.queue) == (
        True,
        "harassment-bullying",
        "agreement",
        "reported",
    )
    assert gold.policy_version.startswith("harassment-bullying@")


def test_arbitration_settles_against_those_who_differ_and_an_appeal_after_it() -> None:
    item, one, other, senior = reported(), somebody("moderator"), somebody("moderator"), somebody("senior")
    answered(one, only(one), *REMOVE, second_opinion=True)
    answered(other, only(other), "allow")
    answered(senior, only(senior), *REMOVE)
    assert (marked(item).how, marked(item).violates) == ("arbitration", True)
    told(item, "appeal", by="me", statement="not so")
    last = somebody("senior")
    answered(last, only(last), "allow")
    gold = marked(item)
    assert (gold.how, gold.violates, gold.queue) == ("appeal", False, "reported")


def test_what_is_of_another_zone_or_erased_is_no_gold() -> None:
    from tidegate.errors import RunError
    from tidegate.server.quality.models import Gold
    from tidegate.server.retention.erasing import erase
    from tidegate.server.zones.scope import within_zones

    item = agreed()
    with within_zones(["eu"]), pytest.raises(RunError, match="no such item"):
        marked(item)
    gold = marked(item)
    erase("us", actor="test", item=item.external_id)
    assert Gold.objects.get(pk=gold.pk).retired_because == "erased"
    item.refresh_from_db()
    with pytest.raises(RunError, match="erased"):
        marked(item)


def test_golds_come_in_among_the_tasks_and_once_to_each_person() -> None:
    from tidegate.server.review.leasing import lease

    golds = [marked(agreed()) for _ in range(3)]
    for _ in range(40):
        reported()
    who = somebody("moderator")
    given: list[Any] = []
    while fresh := [task for task in lease(who) if task.pk not in {one.pk for one in given}]:
        given += fresh
        for task in fresh:
            answered(who, task)
    asked = [task.item_id for task in given if task.kind == "gold"]
    assert sorted(asked) == sorted(gold.item_id for gold in golds)
    assert len(given) == 43  # nothing is lost for it


def test_a_gold_is_not_asked_of_those_who_answered_or_marked_it() -> None:
    from tidegate.server.review.models import Answer

    quality = somebody("moderator", "qa")
    gold = marked(agreed(), quality)
    for _ in range(12):
        reported()
    answerer = Answer.objects.filter(item=gold.item_id).first()
    from tidegate.server.review.reviewers import reviewer_named

    for who in (quality, reviewer_named(answerer.person)):
        assert "gold" not in [task.kind for task in leased_until_gold(who, 6)]


def test_a_gold_looks_as_an_audit_does_and_changes_nothing() -> None:
    from tidegate.server.content.models import Decision
    from tidegate.server.review.filling import fill
    from tidegate.server.review.models import Kind, Task
    from tidegate.server.review.showing import shown

    gold = marked(agreed())
    for _ in range(30):
        reported()
    who = somebody("moderator")
    task = leased_until_gold(who)[-1]
    assert task.kind == "gold"
    decision = stands(reported())
    decision.audited = True
    fill([decision])
    audit = Task.objects.filter(kind=Kind.AUDIT).order_by("-pk").first()
    (one,), (other,) = shown([task], who.person), shown([audit], who.person)
    hidden = {"handle", "covered", "content"}
    assert {k: v for k, v in one.items() if k not in hidden} == {
        k: v for k, v in other.items() if k not in hidden
    }
    before = Decision.objects.filter(item=gold.item_id).count()
    assert answered(who, task, "allow").came == "decided"
    assert Decision.objects.filter(item=gold.item_id).count() == before
    assert task.rank in Task.objects.exclude(pk=task.pk).values_list("rank", flat=True)


def test_the_history_of_an_item_does_not_say_that_it_is_a_gold() -> None:
    from tidegate.server.cases.history import history

    gold = marked(agreed())
    for _ in range(30):
        reported()
    who = somebody("moderator")
    answered(who, leased_until_gold(who)[-1], "allow")
    said = [str(fact) for moment in history(gold.item, names=True, audits=True) for fact in moment.facts]
    assert said
    assert "gold" not in " ".join(said)
    assert who.person.username not in " ".join(said)


def test_a_gold_is_neither_weightier_than_its_place_nor_outside_of_skills() -> None:
    from tidegate.server.quality.slipping import _fitting
    from tidegate.server.review.models import Task
    from tidegate.server.review.reviewers import LANGUAGE, reviewer_named, set_skills

    gold = marked(agreed(language="zh"))
    task = Task.objects.filter(item=reported()).first()
    who = somebody("moderator")

    def fits(barred: tuple[str, ...] = ()) -> bool:
        return any(_fitting(reviewer_named(who.person), task, (), barred))

    assert fits()
    assert not fits(("harassment-bullying",))
    set_skills(who.person, LANGUAGE, frozenset({"en"}))
    assert not fits()
    set_skills(who.person, LANGUAGE, frozenset())
    task.severity = gold.severity - 1
    assert not fits()
    task.severity, task.zone = gold.severity, "eu"
    assert not fits()


def test_a_gold_under_an_older_policy_rests_until_it_is_marked_anew() -> None:
    from tidegate.server.quality.golds import is_current
    from tidegate.server.quality.models import Gold
    from tidegate.server.quality.slipping import _fitting
    from tidegate.server.review.models import Task

    item = agreed()
    gold = marked(item)
    assert is_current(gold)
    Gold.objects.filter(pk=gold.pk).update(policy_version="harassment-bullying@0")
    task = Task.objects.filter(item=reported()).first()
    assert not any(_fitting(somebody("moderator"), task, (), ()))
    # Marked anew it has the version that the answers were given under, which is today's.
    assert marked(item).pk == gold.pk
    assert any(_fitting(somebody("moderator"), task, (), ()))


def test_a_retired_gold_is_taken_back_and_a_mistaken_one_counts_for_nobody() -> None:
    from tidegate.errors import RunError
    from tidegate.server.quality.accuracy import gold_answers
    from tidegate.server.quality.golds import retire

    gold, quality = marked(agreed()), somebody("qa")
    for _ in range(60):
        reported()
    one, other = somebody("moderator"), somebody("moderator")
    answered(one, leased_until_gold(one)[-1], "allow")
    held = leased_until_gold(other)[-1]
    mine = gold_answers(EPOCH).filter(person=one.person.pk)
    assert mine.select("truth", "said", "right").rows() == [(True, False, False)]
    with pytest.raises(RunError, match="no reason"):
        retire(gold.pk, "bored", quality.person)
    retire(gold.pk, "mistaken", quality.person)
    held.refresh_from_db()
    assert held.state == "gone"
    assert gold_answers(EPOCH).filter(person=one.person.pk).is_empty()
    with pytest.raises(RunError, match="no such gold"):
        retire(gold.pk, "worn", quality.person)


@pytest.mark.parametrize(("leave", "how"), [("escalate", "escalated"), ("skip", "passed")])
def test_a_gold_that_is_left_without_an_answer_is_over_and_counts_as_that(leave: str, how: str) -> None:
    from tidegate.server.quality.accuracy import by_person, gold_answers, golds_left
    from tidegate.server.review import leaving
    from tidegate.server.review.leasing import lease
    from tidegate.server.review.models import State

    gold, who, senior = marked(agreed()), somebody("moderator"), somebody("senior")
    for _ in range(30):
        reported()
    task = leased_until_gold(who)[-1]
    assert task.item_id == gold.item_id
    getattr(leaving, leave)(who, task.handle, "unsure")
    task.refresh_from_db()
    assert (task.state, task.leased_to, task.queue) == (State.GONE, None, "reported")
    assert task.pk not in [one.pk for one in (*lease(senior, buffer=99), *lease(who, buffer=99))]
    mine = golds_left(EPOCH).filter(person=who.person.pk)
    assert mine.select("queue", "truth", "said", "left").rows() == [("reported", True, None, how)]
    assert who.person.pk not in by_person(gold_answers(EPOCH))  # no wrong answer
    page = signed_in(somebody("qa")).get("/quality/golds/").content.decode()
    row = page.partition(f">{gold.item.external_id}</a>")[2].partition("</tr>")[0]
    assert row.count('<td class="number">') == 2
    assert '<td class="number">0</td>\n            <td class="number">1</td>' in row


def test_a_gold_that_is_sent_is_not_asked_of_whoever_settled_it() -> None:
    from tidegate.server.review.leaving import send
    from tidegate.server.review.models import Answer, State

    gold, who, other = marked(agreed()), somebody("moderator"), somebody("moderator")
    for _ in range(30):
        reported()
    task = leased_until_gold(who)[-1]
    send(who, task.handle, other.person, "what do you say?")
    assert next(one for one in leased_until_gold(other, 2) if one.pk == task.pk).item_id == gold.item_id
    knows = Answer.objects.filter(item=gold.item_id).first()
    assert knows is not None
    send(other, task.handle, knows.person, "and you?")
    task.refresh_from_db()
    assert task.state == State.GONE


def test_figures_hold_what_was_answered_and_small_groups_are_hidden() -> None:
    import polars as pl

    from tidegate.server.quality.accuracy import SCHEMA, by_group, by_person

    rows = [
        (person, queue, "harassment-bullying", "en", truth, said, truth == said, None)
        for queue, people in (("large", range(1, 6)), ("small", range(6, 10)), ("smaller", range(10, 12)))
        for person in people
        for truth, said in [(True, True)] * 18 + [(True, False)] * 2 + [(False, False)] * 20
    ]
    answers = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    (large,) = by_group(answers, "queue")
    assert (large.value, large.people, large.right.of) == ("large", 5, 200)
    assert large.right.estimate == pytest.approx(0.95)
    assert large.found.estimate == pytest.approx(0.9)
    assert large.found.low < 0.9 < large.found.high
    assert (large.spared.estimate, large.spared.of) == (1.0, 100)
    assert (large.escalated.estimate, large.passed.estimate) == (0.0, 0.0)
    left = [
        (9, "large", "harassment-bullying", "en", True, None, None, how) for how in ("escalated", "passed")
    ]
    (large,) = by_group(pl.concat([answers, pl.DataFrame(left * 20, SCHEMA, orient="row")]), "queue")
    assert (large.people, large.right.of, large.found.of, large.escalated.of) == (5, 200, 100, 240)
    assert large.escalated.estimate == large.passed.estimate == pytest.approx(20 / 240)
    # With one small group alone, all less the large one would tell of it.
    assert by_group(answers.filter(pl.col("queue") != "smaller"), "queue") == []
    one = by_person(answers)[7]
    assert (one.right.of, one.found.of, one.found.enough) == (40, 20, True)
    assert by_group(answers.head(0), "role") == []


def test_the_page_marks_retires_and_tells_what_is_wrong(inside: Path) -> None:
    item, quality = agreed(), somebody("qa")
    client = signed_in(quality)
    wrong = client.post("/quality/golds/mark", {"zone": "us", "item": "never-sent"}, follow=True)
    assert "there is no such item" in wrong.content.decode()
    foreign = client.post("/quality/golds/mark", {"zone": "eu", "item": "post-1"}, follow=True)
    assert "there is no such item" in foreign.content.decode()
    page = client.post("/quality/golds/mark", {"zone": "us", "item": item.external_id}, follow=True)
    assert f"{item.external_id} is a gold." in page.content.decode()
    assert "In the queue <code>reported</code> every other task shows" in page.content.decode()
    from tidegate.server.quality.models import Gold

    pk = Gold.objects.get(item=item).pk
    page = client.post(f"/quality/golds/{pk}/retire", {"because": "worn"}, follow=True)
    assert f"{item.external_id} is asked of nobody any more." in page.content.decode()
    assert Gold.objects.get(pk=pk).retired_because == "worn"

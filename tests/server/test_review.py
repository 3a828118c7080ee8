"""Questions to people: who is asked what, and what comes of the answers."""

from __future__ import annotations

import uuid
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from tests.server.conftest import AUDIT_SEED, AUDITED

pytestmark = pytest.mark.usefixtures("everywhere")
NUMBERS = count()


def somebody(*roles: str, zones: tuple[str, ...] = ("us",)) -> Any:
    from tidegate.server.people.persons import Change, set_person
    from tidegate.server.review.reviewers import reviewer_named

    person, _ = set_person(f"reviewer-{next(NUMBERS)}", Change(roles=roles, zones=zones), actor="test")
    return reviewer_named(person)


def posted(zone: str = "us", views: int | None = None, **content: Any) -> Any:
    from tidegate.server.content.actions import take_in
    from tidegate.server.content.arrivals import CONTENT, Arrival
    from tidegate.server.content.models import Item

    name = undrawn()
    full = dict.fromkeys(CONTENT) | {"kind": "text", "text": "Tea at four?"} | content
    take_in([Arrival("key:test", zone, name, full, views)])
    return Item.objects.get(zone=zone, external_id=name)


def undrawn() -> str:
    """The id of an item that the audit does not draw, however often it is decided on."""
    from tidegate.server.content.audit import drawn

    ids = (f"asked-{number}" for number in NUMBERS)
    return next(one for one in ids if not drawn([one], [AUDITED], AUDIT_SEED)[0])


def told(item: Any, kind: str, **fields: Any) -> None:
    from tidegate.server.events.actions import record
    from tidegate.server.events.occurrences import Occurrence

    name = f"told-{next(NUMBERS)}"
    record([Occurrence("key:test", item.zone, name, item.external_id, kind, **fields)])
    item.refresh_from_db()


def reported(zone: str = "us", **content: Any) -> Any:
    """An item that waits for a person, since two people have reported it."""
    item = posted(zone, **content)
    for _ in range(2):
        told(item, "report", by=f"reader-{next(NUMBERS)}", reason="rude")
    return item


def answered(who: Any, task: Any, action: str = "allow", policy: str | None = None, **more: Any) -> Any:
    from tidegate.server.review.answering import answer
    from tidegate.server.review.given import Given

    return answer(who, Given(uuid.uuid4(), task.handle, action, policy, **more))


def stands(item: Any) -> Any:
    from tidegate.server.content.models import Decision

    return Decision.objects.filter(item=item).order_by("-pk").first()


def only(who: Any) -> Any:
    from tidegate.server.review.leasing import lease

    (task,) = lease(who)
    return task


REMOVE = ("remove", "harassment-bullying")


def test_what_is_held_is_asked_once_and_an_answer_decides_it() -> None:
    item, moderator = reported(), somebody("moderator")
    assert stands(item).action == "review"
    task = only(moderator)
    assert (task.item_id, task.kind, task.queue) == (item.pk, "decide", "reported")
    came = answered(moderator, task, *REMOVE, note="both asked")
    assert came.came == "decided"
    assert (stands(item).action, stands(item).strategy, stands(item).reason) == ("remove", "people", "person")
    item.refresh_from_db()
    assert item.removed_at is not None
    from tidegate.server.review.leasing import lease

    assert lease(moderator) == []


def test_an_answer_that_is_sent_twice_counts_once() -> None:
    from tidegate.server.content.models import Decision
    from tidegate.server.review.answering import answer
    from tidegate.server.review.given import Given

    item, moderator = reported(), somebody("moderator")
    given = Given(uuid.uuid4(), only(moderator).handle, "allow")
    first, again = answer(moderator, given), answer(moderator, given)
    assert (first.answer.pk, first.came) == (again.answer.pk, again.came)
    other_window = answer(moderator, Given(uuid.uuid4(), given.handle, *REMOVE))
    assert other_window.answer.pk == first.answer.pk
    assert Decision.objects.filter(item=item, strategy="people").count() == 1


def test_nobody_is_given_what_is_not_theirs() -> None:
    from tidegate.server.review.leasing import lease

    reported()
    told(posted(market="XX"), "appeal", by="me", statement="not so")
    assert lease(somebody("moderator", zones=("eu",))) == []
    assert lease(somebody("analyst")) == []
    assert [task.kind for task in lease(somebody("moderator"))] == ["decide"]
    assert [task.kind for task in lease(somebody("senior"))] == ["appeal"]


def test_a_lease_lapses_is_renewed_and_is_given_back() -> None:
    from tidegate.server.review.leasing import lease, release, renew
    from tidegate.server.review.models import Task

    reported()
    one, other = somebody("moderator"), somebody("moderator")
    task = only(one)
    assert [again.pk for again in lease(one)] == [task.pk]
    assert lease(other) == []
    assert renew(one) == 1
    assert release(one.person) == 1
    assert only(other).pk == task.pk
    Task.objects.filter(pk=task.pk).update(leased_until="2020-01-01T00:00:00Z")
    assert renew(other) == 0
    assert only(one).pk == task.pk


def test_the_weightiest_goes_first_and_age_counts() -> None:
    from tidegate.server.review.leasing import lease

    plain = [reported() for _ in range(2)]
    seen = reported(views=900)
    order = [task.item_id for task in lease(somebody("moderator"))]
    assert order == [seen.pk, *(item.pk for item in plain)]


def test_an_answer_may_be_taken_back() -> None:
    from tidegate.server.review.answering import undo
    from tidegate.server.review.models import Answer, State

    item, moderator = reported(), somebody("moderator")
    task = only(moderator)
    made = answered(moderator, task, *REMOVE).answer
    again = undo(moderator, made.key)
    assert (again.state, again.leased_to_id) == (State.OPEN, moderator.person.pk)
    assert (stands(item).action, stands(item).reason) == ("review", "undone")
    item.refresh_from_db()
    assert item.removed_at is None
    assert Answer.objects.get(pk=made.pk).undone_at is not None
    assert undo(moderator, made.key).pk == task.pk  # again is the same as once
    assert answered(moderator, task, "allow").came == "decided"
    assert stands(item).action == "allow"


def test_it_is_too_late_to_undo_after_a_while_and_when_others_have_acted() -> None:
    from tidegate.errors import RunError
    from tidegate.server.review.answering import undo

    item, moderator = reported(), somebody("moderator")
    made = answered(moderator, only(moderator), "allow").answer
    made.answered_at -= timedelta(minutes=1)
    made.save()
    with pytest.raises(RunError, match="too late"):
        undo(moderator, made.key)
    assert stands(item).action == "allow"


def test_a_second_opinion_agrees_or_goes_to_arbitration() -> None:
    from tidegate.server.review.leasing import lease

    item, one, other, senior = reported(), somebody("moderator"), somebody("moderator"), somebody("senior")
    assert answered(one, only(one), *REMOVE, second_opinion=True).came == "waiting"
    assert stands(item).action == "review"
    assert lease(one) == []
    assert answered(other, only(other), "allow").came == "waiting"
    assert stands(item).action == "review"
    third = only(senior)
    assert third.kind == "arbitrate"
    assert answered(senior, third, *REMOVE).came == "decided"
    assert (stands(item).action, stands(item).reason) == ("remove", "arbitration")


def test_two_who_agree_decide() -> None:
    item, one, other = reported(), somebody("moderator"), somebody("moderator")
    answered(one, only(one), *REMOVE, second_opinion=True)
    assert answered(other, only(other), *REMOVE).came == "decided"
    assert stands(item).action == "remove"


def test_nobody_takes_back_an_answer_on_which_another_has_decided() -> None:
    from tidegate.errors import RunError
    from tidegate.server.review.answering import undo
    from tidegate.server.review.models import Answer

    item, one, other = reported(), somebody("moderator"), somebody("moderator")
    first = answered(one, only(one), *REMOVE, second_opinion=True).answer
    answered(other, only(other), *REMOVE)
    with pytest.raises(RunError, match="decided since"):
        undo(one, first.key)
    assert Answer.objects.get(pk=first.pk).undone_at is None
    assert stands(item).action == "remove"


def test_an_appeal_goes_to_somebody_else_and_only_a_person_closes_it() -> None:
    from tidegate.server.review.leasing import lease
    from tidegate.server.review.models import State, Task

    item, one = reported(), somebody("senior")
    answered(one, only(one), *REMOVE)
    told(item, "appeal", by="me", statement="not so")
    told(item, "appeal", by="me", statement="once more")
    assert lease(one) == []
    told(item, "report", by="another", reason="rude")
    (task,) = Task.objects.filter(item=item, kind="appeal")
    assert task.state == State.OPEN
    other = somebody("senior")
    assert only(other).pk == task.pk
    answered(other, task, "allow")
    assert (stands(item).action, stands(item).reason) == ("allow", "appeal_granted")


def test_an_appeal_on_which_opinions_differ_outlives_other_decisions_on_its_item() -> None:
    from tidegate.server.review.filling import fill
    from tidegate.server.review.models import State, Task

    item = posted(market="XX")
    machine = stands(item)
    told(item, "appeal", by="me", statement="not so")
    one, other, senior = somebody("senior"), somebody("senior"), somebody("senior")
    answered(one, only(one), *REMOVE, second_opinion=True)
    answered(other, only(other), "allow")
    machine.action, machine.audited = "review", False  # as if a strategy asked again, and no audit drew it
    fill([machine])
    moderator = somebody("moderator")
    answered(moderator, only(moderator), *REMOVE)
    arbitration = Task.objects.get(item=item, kind="arbitrate")
    assert arbitration.state == State.OPEN
    answered(senior, only(senior), "allow")
    assert stands(item).reason == "appeal_granted"


def test_an_appeal_against_a_machine_may_be_upheld() -> None:
    item, senior = posted(market="XX"), somebody("senior")
    assert stands(item).action == "remove"
    told(item, "appeal", by="me", statement="not so")
    answered(senior, only(senior), *REMOVE)
    assert (stands(item).action, stands(item).reason) == ("remove", "appeal_upheld")


def test_machines_do_not_overrule_people_but_may_ask_them_again() -> None:
    item, moderator = reported(), somebody("moderator")
    answered(moderator, only(moderator), *REMOVE)
    told(item, "views", views=5_000)
    told(item, "report", by="one more", reason="rude")
    assert (stands(item).action, stands(item).strategy) == ("remove", "people")
    passed = reported()
    answered(moderator, only(moderator), "allow")
    told(passed, "report", by="one more", reason="rude")
    assert (stands(passed).action, stands(passed).strategy) == ("allow", "people")


@pytest.mark.parametrize("what", ["a report", "an edit"])
def test_what_a_person_decides_while_a_machine_reads_the_item_counts_against_its_author(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tidegate.server.content import actions as intake
    from tidegate.server.content.arrivals import CONTENT, Arrival
    from tidegate.server.events import actions as events

    item, moderator = reported(), somebody("moderator")
    task, module, done = only(moderator), events if what == "a report" else intake, []
    decide = module.decide

    def meanwhile(*arguments: Any, **named: Any) -> Any:
        if not done:
            done.append(answered(moderator, task, *REMOVE))
        return decide(*arguments, **named)

    monkeypatch.setattr(module, "decide", meanwhile)
    if module is events:
        told(item, "report", by="somebody late")
    else:
        edit = dict.fromkeys(CONTENT) | {"kind": "text", "text": "Tea at five?", "market": "XX"}
        intake.take_in([Arrival("key:test", item.zone, item.external_id, edit, None)])
    item.refresh_from_db()
    assert stands(item).action == "remove"
    assert item.removed_at == item.acted_at == done[0].answer.decision.decided_at


def test_an_audit_is_blind_and_changes_nothing() -> None:
    from tidegate.server.content.models import Decision
    from tidegate.server.review.filling import fill
    from tidegate.server.review.models import Answer

    item, moderator = posted(), somebody("moderator")
    decision = stands(item)
    decision.audited = True
    fill([decision])
    task = only(moderator)
    assert task.kind == "audit"
    answered(moderator, task, *REMOVE)
    assert Decision.objects.filter(item=item).count() == 1
    label = Answer.objects.get(item=item)
    assert (label.violates, label.assisted) == (True, False)
    assert label.policy_version.startswith("harassment-bullying@")


def test_new_content_takes_the_question_back_and_a_late_answer_is_a_label() -> None:
    from tidegate.server.content.actions import take_in
    from tidegate.server.content.arrivals import CONTENT, Arrival

    item, moderator = reported(), somebody("moderator")
    task = only(moderator)
    full = dict.fromkeys(CONTENT) | {"kind": "text", "text": "Tea at five?", "market": "XX"}
    take_in([Arrival("key:test", "us", item.external_id, full, None)])
    came = answered(moderator, task, "allow")
    assert came.came == "late"
    assert stands(item).action == "remove"


def test_an_answer_while_newer_content_waits_for_its_signals_is_a_label_too() -> None:
    item, moderator = reported(), somebody("moderator")
    task = only(moderator)
    item.version += 1  # as taking in does, before there is a decision on it
    item.save(update_fields=["version"])
    assert answered(moderator, task, *REMOVE).came == "late"
    assert stands(item).strategy != "people"


def test_an_answer_to_an_appeal_is_not_said_to_have_been_helped() -> None:
    item, senior = posted(market="XX"), somebody("senior")
    told(item, "appeal", by="me", statement="not so")
    assert answered(senior, only(senior), *REMOVE).answer.assisted is False


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"action": "explode"}, "action"),
        ({"action": "review"}, "action"),
        ({"action": "remove"}, "policy"),
        ({"action": "remove", "policy": "none"}, "policy"),
        ({"action": "remove", "policy": "graphic-violence", "clause": "V99"}, "clause"),
        ({"action": "remove", "policy": "hateful-behaviour", "clause": "N1"}, "clause"),
        ({"action": "allow", "span": (3, 99)}, "span"),
        ({"action": "allow", "severity": "low"}, "severity"),
        ({"action": "remove", "policy": "hateful-behaviour", "severity": "huge"}, "severity"),
        ({"action": "remove", "policy": "hateful-behaviour", "escalate": True}, "escalate"),
    ],
)
def test_an_answer_that_cannot_be_changes_nothing(more: dict[str, Any], field: str) -> None:
    from tidegate.errors import RunError
    from tidegate.server.review.models import Answer

    item, moderator = reported(), somebody("moderator")
    with pytest.raises(RunError) as error:
        answered(moderator, only(moderator), **more)
    assert error.value.where is not None
    assert error.value.where.field == field
    assert not Answer.objects.filter(item=item).exists()


def test_a_task_is_passed_over_kept_sent_and_escalated() -> None:
    from tidegate.errors import RunError
    from tidegate.server.review.leasing import lease
    from tidegate.server.review.leaving import NotYoursError, escalate, hold, send, skip
    from tidegate.server.review.models import Task

    reported()
    one, other, senior = somebody("moderator"), somebody("moderator"), somebody("senior")
    task = only(one)
    with pytest.raises(RunError, match="no reason"):
        skip(one, task.handle, "bored")
    skip(one, task.handle, "unsure")
    assert lease(one) == []
    assert only(other).pk == task.pk
    hold(other, task.handle, timedelta(minutes=5))
    assert lease(other) == []
    Task.objects.filter(pk=task.pk).update(not_before="2020-01-01T00:00:00Z")
    assert lease(senior) == []  # it is kept for the other
    assert only(other).pk == task.pk
    with pytest.raises(RunError, match="cannot be given"):
        send(other, task.handle, somebody("moderator", zones=("eu",)).person, "please")
    send(other, task.handle, senior.person, "please look")
    assert only(senior).message == "please look"
    with pytest.raises(NotYoursError):
        hold(other, task.handle, timedelta(minutes=5))
    escalate(senior, task.handle, "hard")
    assert lease(senior) == []
    again = only(somebody("senior"))
    assert (again.queue, again.right, again.message) == ("escalated", "arbitrate", "hard")


def test_skills_narrow_what_one_is_given() -> None:
    from tidegate.server.review.leasing import lease
    from tidegate.server.review.reviewers import LANGUAGE, reviewer_named, set_skills

    reported(language="zh")
    who = somebody("moderator")
    set_skills(who.person, LANGUAGE, frozenset({"en"}))
    assert lease(reviewer_named(who.person)) == []
    set_skills(who.person, LANGUAGE, frozenset({"en", "zh"}))
    assert len(lease(reviewer_named(who.person))) == 1


def test_erasing_an_item_takes_what_was_written_about_it() -> None:
    from tidegate.server.retention.erasing import erase
    from tidegate.server.review.models import Answer

    item, moderator = reported(), somebody("moderator")
    answered(moderator, only(moderator), *REMOVE, note="says tea", span=(0, 3))
    erase("us", actor="test", item=item.external_id)
    left = Answer.objects.get(item=item)
    assert (left.note, left.span_start, left.violates) == ("", None, True)


def test_what_the_judge_said_is_shown_with_what_the_machine_found_and_never_blind() -> None:
    import orjson

    from tidegate.server.review.assisting import assisted
    from tidegate.server.review.models import Kind
    from tidegate.server.review.showing import shown

    item, moderator = reported(), somebody("moderator")
    decision = stands(item)
    said = {"policy": "harassment-bullying", "clause": "V1", "evidence": "Tea", "rationale": "It mocks."}
    decision.signals = orjson.dumps(
        {"judge": {**said, "harassment": 0.9}, "text": {"harassment": 0.6}}
    ).decode()
    decision.save()
    task = only(moderator)
    while not assisted(task):
        task.handle = uuid.uuid4()
    (told_of,) = shown([task], moderator.person)
    assert told_of["assist"]["judge"] == said
    assert told_of["assist"]["scores"] == [{"harm": "harassment", "score": 0.9}]
    task.kind = Kind.AUDIT
    (blind,) = shown([task], moderator.person)
    assert (blind["assist"], blind["appeal"], blind["answers"]) == (None, None, None)
    assert "author-us" not in str(blind)


def test_every_command_has_a_key_of_its_own() -> None:
    from tidegate.server.review.keys import DEFAULT, TAKEN

    assert len(set(DEFAULT.values())) == len(DEFAULT)
    assert not TAKEN & set(DEFAULT.values())

"""How queues stand, who is asked what by a lead's word, and how answers fare."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.server.test_review import REMOVE, answered, only, posted, reported, somebody, told

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


def signed_in(who: Any) -> Any:
    from django.test import Client
    from tests.server.test_walk import shows_second_factor

    client = Client()
    client.force_login(who.person)
    shows_second_factor(client, who.person)
    return client


def of(queue: str, zone: str = "us") -> Any:
    from tidegate.server.quality.health import health
    from tidegate.server.zones.scope import within_zones

    with within_zones([zone]):
        found = health()
    assert {one.zone for one in found} == {zone}
    return next(one for one in found if one.queue == queue)


def test_a_queue_tells_what_waits_how_old_it_is_and_what_is_late() -> None:
    from tidegate.server.review.clock import now
    from tidegate.server.review.leaving import hold
    from tidegate.server.review.models import Task

    answered(somebody("moderator"), Task.objects.get(item=reported(), state="open"), "allow")
    before = of("reported")
    items = [reported() for _ in range(3)]
    at = now()
    Task.objects.filter(item=items[0]).update(
        created_at=at - timedelta(hours=30), due_at=at - timedelta(hours=6)
    )
    who = somebody("moderator")
    answered(who, only_of(who, items[2]), "allow")
    hold(who, only_of(who, items[1]).handle, timedelta(minutes=5))
    found = of("reported")
    assert (found.waiting, found.held, found.reserved, found.late) == (2, 1, 1, 1)
    assert timedelta(hours=30) <= found.oldest < timedelta(hours=31)
    assert (found.came[-1] - before.came[-1], found.answered[-1] - before.answered[-1]) == (2, 1)
    assert found.outlook is None  # of one day nothing can be said


def only_of(who: Any, item: Any) -> Any:
    from tidegate.server.review.leasing import lease

    return next(task for task in lease(who, buffer=9) if task.item_id == item.pk)


def test_hours_are_counted_in_the_database_as_they_were() -> None:
    from django.db.models import Q

    from tidegate.server.quality.health import DAY, DAYS, HOUR, _by_hour
    from tidegate.server.review.clock import now
    from tidegate.server.review.models import Task

    at = now()
    ages = [
        timedelta(minutes=5),
        timedelta(minutes=59),
        timedelta(minutes=61),
        25 * HOUR + HOUR / 2,
        DAYS * DAY - HOUR / 2,
    ]
    pks = []
    for age in ages:
        task = Task.objects.get(item=reported(), state="open")
        Task.objects.filter(pk=task.pk).update(created_at=at - age)
        pks.append(task.pk)
    counts = _by_hour(Task.objects.filter(Q(pk__in=pks)), at, "created_at", "queue")["us", "reported"]
    assert counts.shape == (DAYS, 24)
    assert (counts[-1, 23], counts[-1, 22], counts[-2, 22], counts[0, 0], counts.sum()) == (2, 1, 1, 1, 5)


def test_a_queue_is_shown_in_figures_with_a_sentence_and_a_table_each() -> None:
    from tidegate.server.review.clock import now
    from tidegate.server.review.filling import note_queues
    from tidegate.server.review.models import Task

    made, at, hour = reported(), now(), timedelta(hours=1)
    Task.objects.filter(item=made).update(queue="drawn", created_at=at - 20 * hour, due_at=at + 4.3 * hour)
    others = [reported() for _ in range(3)]
    for item, left in zip(others, (-1, 1, 22), strict=True):
        due = at + left * hour + hour / 3
        Task.objects.filter(item=item).update(queue="drawn", created_at=due - 24 * hour, due_at=due)
    note_queues(list(Task.objects.filter(queue="drawn")))
    found = of("drawn")
    assert (found.waiting, found.late, list(found.used)) == (4, 1, [1, 0, 0, 2, 1])
    lead = signed_in(somebody("lead"))
    page = lead.get("/quality/queues/?of=us / drawn").content.decode()
    assert "Of 4 that wait, 1 are late and 2 have used three quarters of their time." in page
    assert '<td>less than 100 %</td><td class="number">2</td>' in page
    assert '<td>all: late</td><td class="number">1</td>' in page
    assert page.count('<svg aria-hidden="true"') == page.count("As a table") == 2  # no forecast of one day
    assert "?of=us%20%2F%20drawn#figures" in page
    assert lead.get("/quality/queues/?of=none").status_code == 200


def test_a_queue_to_which_more_comes_than_is_answered_will_be_late() -> None:
    from tidegate.server.review.clock import now
    from tidegate.server.review.models import Task

    at, made = now(), reported()
    task = Task.objects.get(item=made, state="open")
    copies = []
    for day in range(28):
        for hour in range(24):
            copy = Task(**{f.attname: getattr(task, f.attname) for f in Task._meta.concrete_fields})
            copy.pk, copy.handle, copy.queue = None, __import__("uuid").uuid4(), "growing"
            copy.created_at = at - timedelta(days=day, hours=hour, minutes=30)
            copy.due_at = copy.created_at + timedelta(hours=24)
            copy.state = "open" if day == 0 and hour < 23 else "gone"
            copies.append(copy)
    Task.objects.bulk_create(copies)
    from tidegate.server.review.filling import note_queues

    note_queues(copies)
    found = of("growing")
    assert (found.late, found.waiting, found.came[-1]) == (0, 23, 24)
    assert found.outlook.chance == 1.0
    assert found.outlook.begins <= 2
    assert found.outlook.late[0] >= 22
    page = signed_in(somebody("lead")).get("/quality/queues/?of=us / growing").content.decode()
    assert "late at all with a chance of 100 %." in page
    assert "A day on the average of 28: 24.0 came, and 0.0 were answered." in page
    assert page.count('<svg aria-hidden="true"') == page.count("As a table") == 3


def test_tasks_are_reserved_for_somebody_and_opened_again() -> None:
    from tidegate.errors import RunError
    from tidegate.server.ledger.models import Entry
    from tidegate.server.quality.assigning import Some, open_to_all, reserve
    from tidegate.server.review.leasing import lease
    from tidegate.server.review.models import Task

    lead, one, other = somebody("lead"), somebody("moderator"), somebody("moderator")
    for language in ("en", "zh", "zh"):
        reported(language=language)
    assert reserve(Some("us", "reported", 10, language="zh"), one.person, lead.person) == 2
    assert [task.language for task in lease(other)] == ["en"]
    assert [task.language for task in lease(one)] == ["zh", "zh"]
    acts = Entry.objects.filter(act="task.reserved", actor=lead.person.actor)
    assert acts.count() == 2
    with pytest.raises(RunError, match="nothing waits there"):  # the other holds what is left
        reserve(Some("us", "reported", 10), one.person, lead.person)
    with pytest.raises(RunError, match="from 1 to"):
        reserve(Some("us", "reported", 0), one.person, lead.person)
    from tidegate.server.review.leasing import release

    release(one.person)
    assert open_to_all(one.person, lead.person) == 2
    assert not Task.objects.filter(assigned_to=one.person, state="open").exists()
    foreign = somebody("moderator", zones=("eu",))
    with pytest.raises(RunError, match="nothing waits there"):
        reserve(Some("us", "reported", 10), foreign.person, lead.person)


def test_a_lead_sets_what_somebody_may_be_asked_and_it_is_on_record() -> None:
    from tidegate.server.ledger.models import Entry
    from tidegate.server.review.reviewers import reviewer_named

    lead, one = somebody("lead"), somebody("moderator")
    client, where = signed_in(lead), f"/quality/people/{one.person.pk}/"
    wrong = client.post(where, {"language": "en, no language", "policy": ["harassment-bullying"]})
    assert "is no language" in wrong.content.decode()
    assert reviewer_named(one.person).policies == frozenset()
    client.post(where, {"language": "en，zh", "policy": ["harassment-bullying"]})
    known = reviewer_named(one.person)
    assert (known.languages, known.policies) == ({"en", "zh"}, {"harassment-bullying"})
    wrong = client.post(where, {"language": "en", "certificate": ["diving"]})
    assert "no queue asks for a certificate" in wrong.content.decode()
    acts = Entry.objects.filter(act="person.skilled", subject=one.person.actor)
    assert acts.count() == 2
    assert signed_in(somebody("lead", zones=("eu",))).get(where).status_code == 404
    assert signed_in(somebody("qa")).get(where).status_code == 403


def test_the_page_reserves_and_says_what_is_wrong() -> None:
    lead, one = somebody("lead"), somebody("moderator")
    reported()
    client = signed_in(lead)
    form = {"queue": "us / reported", "most": "5", "to": one.person.username}
    page = client.post("/quality/queues/reserve", form, follow=True).content.decode()
    assert f"Reserved for {one.person.username}: 1." in page
    page = client.post("/quality/queues/reserve", form, follow=True).content.decode()
    assert "nothing waits there" in page
    page = client.post("/quality/queues/reserve", form | {"to": "nobody"}, follow=True).content.decode()
    assert "nobody of this name" in page
    page = client.post("/quality/queues/reserve", form | {"most": "-1"}, follow=True).content.decode()
    assert "from 1 to" in page
    foreign = client.post("/quality/queues/reserve", form | {"queue": "eu / reported"}, follow=True)
    assert "nothing waits there" in foreign.content.decode()
    assert signed_in(somebody("qa")).post("/quality/queues/reserve", form).status_code == 403


def test_how_answers_fare_with_others_arbitration_and_appeals() -> None:
    from tidegate.server.quality.people import figures_of

    one, other, senior, last = (somebody(role) for role in ("moderator", "moderator", "senior", "senior"))
    for theirs in ("remove", "allow"):
        item = reported()
        answered(one, only_of(one, item), *REMOVE, second_opinion=True)
        answered(other, only_of(other, item), *(REMOVE if theirs == "remove" else ("allow",)))
    answered(senior, only_of(senior, item), "allow")  # they differ; the first is not upheld
    removed = reported()
    answered(one, only_of(one, removed), *REMOVE)
    told(removed, "appeal", by="me", statement="not so")
    answered(last, only_of(last, removed), "allow")
    people = [who.person.pk for who in (one, other, senior, last)]
    found = figures_of(people, EPOCH)
    mine, theirs = found[one.person.pk], found[other.person.pk]
    assert (mine.answers, theirs.answers) == (3, 2)
    assert (mine.looked.alike.estimate, mine.looked.alike.of) == (0.5, 2)
    assert (mine.looked.arbitrated.estimate, theirs.looked.arbitrated.estimate) == (0.5, 0.0)
    assert (mine.looked.appealed.estimate, mine.looked.appealed.of) == (1.0, 1)
    assert theirs.looked.appealed.of == 0
    assert not mine.looked.alike.enough  # and so the page does not state it


def test_groups_are_shown_from_five_people_on() -> None:
    from tidegate.server.quality.people import figures_by_group

    people = [somebody("moderator") for _ in range(5)]
    for who in people:
        item = reported()
        answered(who, only_of(who, item), "allow")
    ids = [who.person.pk for who in people]
    found = figures_by_group({"five": ids, "four": ids[:4]}, EPOCH)
    assert list(found) == ["five"]
    assert (found["five"].people, found["five"].answers) == (5, 5)


def test_a_median_comes_with_limits_that_hold() -> None:
    import numpy as np

    from tidegate.server.quality.medians import median

    assert median([]).text == "–"
    assert (median([3.0]).low, median([3.0]).high) == (3.0, 3.0)
    ten = median([float(one) for one in range(1, 11)])
    assert (ten.estimate, ten.low, ten.high) == (5.5, 2.0, 9.0)  # the classic table: k = 2 for n = 10
    rng = np.random.default_rng(1)
    held = [
        found.low <= np.log(2) <= found.high
        for found in (median(rng.exponential(size=40).tolist()) for _ in range(1_000))
    ]
    assert np.mean(held) > 0.94


def test_nothing_of_another_zone_counts() -> None:
    from tidegate.server.quality.people import figures_of
    from tidegate.server.zones.scope import within_zones

    who = somebody("moderator", zones=("us", "eu"))
    item = posted("eu")
    for number in range(2):
        told(item, "report", by=f"eu-{number}", reason="rude")
    answered(who, only(who), "allow")
    with within_zones(["us"]):
        assert figures_of([who.person.pk], EPOCH) == {}
    with within_zones(["eu"]):
        assert figures_of([who.person.pk], EPOCH)[who.person.pk].answers == 1

"""Leakage and overkill of the live database: whose decisions, which labels, and how they are shown."""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.server.test_walk import sessions  # noqa: F401

pytestmark = pytest.mark.usefixtures("inside")
POSTS = 160
FROM_THE_START = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def scope(inside: Path) -> Iterator[None]:
    from tidegate.server.zones.scope import EVERYWHERE, within

    with within(EVERYWHERE):
        yield


def violates(number: int) -> bool:
    return number % 5 == 0


@pytest.fixture(scope="module")
def answered(inside: Path) -> None:
    """Posts in us, of which the rule removes every fourth; all drawn ones are answered by a person, blind."""
    from tidegate.server.content.actions import take_in
    from tidegate.server.content.arrivals import CONTENT, Arrival
    from tidegate.server.people.persons import Change, set_person
    from tidegate.server.review.answering import answer
    from tidegate.server.review.given import Given
    from tidegate.server.review.leasing import lease
    from tidegate.server.review.reviewers import reviewer_named
    from tidegate.server.zones.scope import EVERYWHERE, within

    with within(EVERYWHERE):
        batch = []
        for number in range(POSTS):
            market = "XX" if number % 4 == 0 else "<script>" if number % 4 == 1 else "US"
            content = {"kind": "text", "text": f"post {number}", "market": market, "language": "en"}
            arrival = dict.fromkeys(CONTENT) | content
            batch.append(Arrival("key:test", "us", f"figure-{number}", arrival, number))
        take_in(batch)
        person, _ = set_person("quinn", Change(roles=["qa"], zones=["us"]), actor="test")
        who = reviewer_named(person)
        while tasks := lease(who):
            for task in tasks:
                name = task.item.external_id
                bad = name.startswith("figure-") and violates(int(name.removeprefix("figure-")))
                policy = "harassment-bullying" if bad else None
                answer(who, Given(uuid.uuid4(), task.handle, "remove" if bad else "allow", policy))


def expected(measure: str) -> dict[str, Any]:
    """The figure from the rows themselves, by the engine."""
    from tidegate.measure import estimate
    from tidegate.server.content.models import Decision
    from tidegate.server.review.models import Answer

    outcomes = {"remove": "actioned", "limit_reach": "actioned", "label": "actioned", "allow": "passed"}
    machines = Decision.objects.filter(item__zone="us").exclude(strategy="people")
    newest = {one.item_id: one for one in machines.order_by("pk")}
    rows = [
        {
            "item_id": one.item.external_id,
            "outcome": outcomes.get(one.action, "held"),
            "audit_probability": one.audit_probability,
            "audited": one.audited,
            "views": one.item.views,
        }
        for one in newest.values()
    ]
    audits = Answer.objects.filter(item__zone="us", task__kind="audit")  # others saw what was decided
    asked = set(audits.values_list("item__external_id", flat=True))
    labels = [
        {"item_id": name, "violates": name.startswith("figure-") and violates(int(name[len("figure-") :]))}
        for name in asked
    ]
    assert len(labels) > POSTS / 4
    found = estimate(pl.DataFrame(rows), pl.DataFrame(labels), weights=["item"])
    return found.filter(pl.col("measure") == measure).row(0, named=True)


@pytest.mark.parametrize("measure", ["leakage_rate", "leakage_share", "overkill_rate", "overkill_share"])
def test_the_page_shows_what_the_engine_makes_of_the_rows(
    answered: None,
    sessions: Any,  # noqa: F811
    measure: str,
) -> None:
    from tidegate.server.figures.wording import MEASURES, in_percent

    page = sessions["lead", "us"].get("/figures/").content.decode()
    shown = in_percent(expected(measure))
    assert shown["labels"] > 5
    tile = re.search(rf">{MEASURES[measure]} <strong>([^<]+)</strong> ([^<]+)<br>", page)
    assert tile is not None
    assert tile.group(1) == shown["estimate"]
    assert tile.group(2).split(" – ") == [shown["low"], shown["high"]]


def test_a_zone_says_nothing_of_another(answered: None, sessions: Any) -> None:  # noqa: F811
    page = sessions["lead", "eu"].get("/figures/").content.decode()
    assert "Nobody has answered questions of the audit yet." in page
    assert '<option value="us">' not in page
    refused = sessions["lead", "eu"].get("/figures/?zone=us&days=7&weight=item&by=rule").content.decode()
    assert "us is not one of the available choices" in refused


def test_each_chart_has_a_sentence_and_a_table_and_takes_no_script(
    answered: None,
    sessions: Any,  # noqa: F811
) -> None:
    page = sessions["lead", "us"].get("/figures/?zone=us&days=7&weight=view&by=market").content.decode()
    figures = re.findall(r"<figure>.*?</figure>", page, re.DOTALL)
    drawn = [one for one in figures if "<svg" in one]
    assert len(figures) == 8
    assert len(drawn) >= 6
    for one in drawn:
        assert "<table>" in one
        assert re.search(r"<p>(Highest: |\S+: )", one)
        assert 'fill="var(--ink)"' in one
        assert "#010101" not in one
    assert "<script>" not in page
    assert "&lt;script" in page
    assert not re.search(r"\sstyle=", page)
    assert len(page.encode()) < 200_000


def test_what_was_decided_earlier_or_by_people_is_left_out(answered: None) -> None:
    from tidegate.server.content.models import PEOPLE, Decision
    from tidegate.server.figures.population import measured

    item = Decision.objects.filter(item__zone="us", item__external_id="figure-1").get()
    before = measured(["us"], FROM_THE_START).population
    Decision.objects.filter(pk=item.pk).update(decided_at=datetime.now(UTC) - timedelta(days=30))
    lately = measured(["us"], datetime.now(UTC) - timedelta(days=7)).population
    assert set(before["item_id"]) - set(lately["item_id"]) == {"us/figure-1"}
    item.pk, item.strategy, item.action = None, PEOPLE, "remove"
    item.save()
    still = measured(["us"], FROM_THE_START).population.filter(pl.col("item_id") == "us/figure-1")
    assert still["outcome"].to_list() == ["passed"]


def test_of_very_many_the_newest_are_read_and_the_page_says_so(
    answered: None,
    sessions: Any,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tidegate.server.figures import population

    monkeypatch.setattr(population, "MOST", 20)
    page = sessions["lead", "us"].get("/figures/?zone=us&days=7&weight=item&by=rule").content.decode()
    assert "There are more decisions than one page reads; these are the newest." in page
    assert "20 items were decided" in html.unescape(page)


def test_figures_have_as_many_decimals_as_their_interval_deserves() -> None:
    from tidegate.server.figures.wording import in_percent

    def shown(estimate: float | None, low: float, high: float) -> list[str]:
        row = in_percent({"estimate": estimate, "low": low, "high": high, "labels": 1, "items": 1})
        return [row["estimate"], row["low"], row["high"]]

    assert shown(0.0042, 0.0031, 0.0058) == ["0.42 %", "0.31 %", "0.58 %"]
    assert shown(0.5, 0.2, 0.8) == ["50 %", "20 %", "80 %"]
    assert shown(None, 0.0, 1.0) == ["–", "0 %", "100 %"]
    assert shown(0.25, 0.25, 0.25) == ["25.0 %", "25.0 %", "25.0 %"]


def test_a_label_on_content_that_was_edited_since_says_nothing_of_what_stands() -> None:
    from tests.server.test_review import REMOVE, posted, somebody, stands
    from tests.server.test_review import answered as answer

    from tidegate.server.content.actions import take_in
    from tidegate.server.content.arrivals import CONTENT, Arrival
    from tidegate.server.figures.labels import audit_labels
    from tidegate.server.review.filling import fill
    from tidegate.server.review.models import Task

    item, who = posted(), somebody("qa")
    decision = stands(item)
    decision.audited = True
    fill([decision])
    answer(who, Task.objects.get(item=item, kind="audit", state="open"), *REMOVE)
    assert item.external_id in audit_labels("us")["item_id"]
    full = dict.fromkeys(CONTENT) | {"kind": "text", "text": "Tea at five?"}
    take_in([Arrival("key:test", "us", item.external_id, full, None)])
    assert item.external_id not in audit_labels("us")["item_id"]

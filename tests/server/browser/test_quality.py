"""Leads and quality people at their pages, by keyboard, on a phone, in the dark, in Chinese."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from tests.server.browser.accessibility import faults, too_wide
from tests.server.browser.conftest import PHONE, Console
from tests.server.browser.test_review import ASKING
from tests.server.conftest import running

pytestmark = pytest.mark.browser

AGREE = """
import uuid
from tidegate.server.people.persons import Change, set_person
from tidegate.server.review.answering import answer
from tidegate.server.review.given import Given
from tidegate.server.review.leasing import lease
from tidegate.server.review.reviewers import reviewer_named
for name in ("ann", "ben"):
    person, _ = set_person(name, Change(roles=["moderator"], zones=["us"]), actor="test")
    who = reviewer_named(person)
    task = next(one for one in lease(who) if one.item.external_id == "known")
    given = Given(uuid.uuid4(), task.handle, "remove", "harassment-bullying", second_opinion=name == "ann")
    answer(who, given)
"""


@pytest.fixture(scope="module")
def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """A site where two people agree about the item `known`, and `waits` waits."""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    workspace = tmp_path_factory.mktemp("quality") / "site"
    with running(workspace, environment, workers=2, strategy=ASKING) as service:
        made = Console(service, browser)
        with service.client() as client:
            item = {"id": "known", "text": "Tea at four?", "surface": "ask", "language": "en"}
            client.post("/items", json=item).raise_for_status()
            made.script(AGREE)
            client.post("/items", json=item | {"id": "waits", "text": "Tea at five?"}).raise_for_status()
        yield made


@pytest.fixture
def room(site: Console) -> Iterator[Console]:
    yield site
    while site.open:
        site.open.pop().close()
    found, site.faults = site.faults, []
    assert found == []


def test_quality_marks_a_gold_and_retires_it_by_keyboard(room: Console) -> None:
    page = room.page(room.person("qa"), "/")
    page.get_by_role("link", name="Golds").first.focus()
    page.keyboard.press("Enter")
    page.get_by_label("Item").focus()
    page.keyboard.type("known")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("known is a gold.")
    assert faults(page) == []
    phone = room.page(room.person("qa"), "/quality/golds/", width=PHONE, dark=True, language="zh-CN")
    expect(phone.get_by_text("使用中", exact=True)).to_be_visible()
    assert (faults(phone), too_wide(phone)) == ([], 0)
    page.get_by_label("Why: known").focus()
    page.keyboard.press("m")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("known is asked of nobody any more.")
    expect(page.get_by_text("mistaken: its answer was wrong")).to_be_visible()


def test_a_lead_sees_the_queues_and_reserves_a_task_by_keyboard(room: Console) -> None:
    mia = room.person("moderator", name="mia")
    page = room.page(room.person("lead"), "/")
    page.get_by_role("link", name="Queues").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("cell", name="general")).to_be_visible()
    expect(page.get_by_text("too few days are known").first).to_be_visible()
    page.get_by_label("Queue").select_option("us / general")
    page.get_by_label("For whom").select_option("mia")
    page.get_by_label("How many").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Reserved for mia: 1.")
    assert faults(page) == []
    theirs = room.page(mia, "/review/")
    expect(theirs.locator("#text")).to_have_text("Tea at five?")
    phone = room.page(room.person("lead"), "/quality/queues/", width=PHONE, dark=True, language="zh-CN")
    expect(phone.get_by_role("heading", name="队列")).to_be_visible()
    assert (faults(phone), too_wide(phone)) == ([], 0)


def test_a_lead_sees_how_answers_fare_and_says_what_somebody_may_be_asked(room: Console) -> None:
    page = room.page(room.person("lead"), "/")
    page.get_by_role("link", name="Reviewers").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("They do not tell what somebody is worth")).to_be_visible()
    assert faults(page) == []
    page.get_by_role("link", name="ben").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Languages").focus()
    page.keyboard.type("no language")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("is no language")
    page.get_by_label("Languages").fill("en, zh")
    page.get_by_label("harassment-bullying").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    expect(page.get_by_label("Languages")).to_have_value("en, zh")
    expect(page.get_by_label("harassment-bullying")).to_be_checked()
    assert faults(page) == []
    for path in ("/quality/people/", page.url.removeprefix(room.url)):
        phone = room.page(room.person("lead"), path, width=PHONE, dark=True, language="zh-CN")
        assert (faults(phone), too_wide(phone)) == ([], 0)

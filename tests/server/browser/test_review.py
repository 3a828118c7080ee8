"""A reviewer at the screen, in a real Chromium, by keyboard."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.server.browser.accessibility import faults, too_wide
from tests.server.browser.conftest import PHONE, Console
from tests.server.conftest import running

pytestmark = pytest.mark.browser
NUMBERS = count()

ASKING = """
strategy: asking
audit: 0.000001
version: 1
rules:
  - {id: severe, when: "item.surface = 'severe'", then: review, queue: severe, policy: violent-extremism}
  - {id: unsure, when: "item.surface = 'ask'", then: review, queue: general, policy: harassment-bullying}
  - {id: stopped, when: "item.surface = 'stop'", then: remove, policy: harassment-bullying}
  - {id: otherwise, then: allow}
"""
SETTINGS = """
[queues.general]
assist = 1
[queues.severe]
assist = 1
"""
"""So that how items are shown follows from their policy alone."""


@pytest.fixture(scope="module")
def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    workspace = tmp_path_factory.mktemp("desk") / "site"
    with running(workspace, environment, workers=2, strategy=ASKING, settings=SETTINGS) as service:
        yield Console(service, browser)


@pytest.fixture
def desk(site: Console) -> Iterator[Console]:
    """The site with nothing to do."""
    site.script(
        "from tidegate.server.review.models import Task\n"
        "Task.objects.filter(state='open').update(state='gone', leased_to=None)"
    )
    yield site
    while site.open:
        site.open.pop().close()
    found, site.faults = site.faults, []
    assert found == []


def post(site: Console, text: str, surface: str = "ask", **more: Any) -> str:
    name = f"post-{next(NUMBERS)}"
    with site.service.client() as client:
        item = {"id": name, "text": text, "surface": surface, "author_id": "sam", "language": "en", **more}
        client.post("/items", json=item).raise_for_status()
    return name


def decisions(site: Console, name: str) -> list[dict[str, Any]]:
    with site.service.client() as client:
        found: list[dict[str, Any]] = client.get(f"/items/{name}").raise_for_status().json()["decisions"]
    return found


def stands(site: Console, name: str, action: str) -> dict[str, Any]:
    """The decision that stands, once it is this one."""
    for _ in range(100):
        found = decisions(site, name)[0]
        if found["action"] == action and found["strategy"] == "people":
            return found
        page = site.open[-1].pages[0]
        page.wait_for_timeout(100)
    raise AssertionError(f"{name} is {found['action']}")


def ready(page: Page, text: str) -> None:
    """The item is painted, so that keys live."""
    expect(page.locator("#text")).to_have_text(text)
    until(page, "performance.getEntriesByName('painted').length > 0")
    page.wait_for_timeout(100)


def until(page: Page, expression: str) -> None:
    """Wait for it to be true. (Playwright's own way evaluates text in the page, which the policy forbids.)"""
    for _ in range(200):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never: {expression}")


def test_a_reviewer_decides_by_keyboard_and_the_next_item_is_there(desk: Console) -> None:
    names = [post(desk, f"Tea number {number}") for number in range(5)]
    page = desk.page(desk.person("moderator"), "/review/")
    for number, name in enumerate(names):
        ready(page, f"Tea number {number}")
        if number % 2:
            page.keyboard.press("1")
            page.keyboard.press("Enter")
        else:
            page.get_by_role("button", name="Harassment and bullying").click()
            page.keyboard.press("1")
            page.keyboard.press("d")
            page.keyboard.press("Enter")
        found = stands(desk, name, "allow" if number % 2 else "remove")
        assert found["policy"] == (None if number % 2 else "harassment-bullying")
    expect(page.locator("#empty")).to_be_visible()
    expect(page.locator("#progress")).to_contain_text("5 today")


def test_the_screen_can_be_used_by_everybody(desk: Console) -> None:
    post(desk, "Tea at four?", "severe")
    for look in ({}, {"dark": True, "width": PHONE, "language": "zh-CN"}):
        page = desk.page(desk.person("moderator"), "/review/", **look)
        ready(page, "Tea at four?")
        assert faults(page) == []
        assert too_wide(page) <= 0
        page.keyboard.press("?")
        expect(page.locator("#show-keys")).to_be_visible()
        assert faults(page) == []
        page.keyboard.press("Escape")
        page.context.close()
        desk.open.clear()


def test_an_answer_is_taken_back(desk: Console) -> None:
    name = post(desk, "Tea at four?")
    post(desk, "Tea at five?")
    page = desk.page(desk.person("moderator"), "/review/")
    ready(page, "Tea at four?")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    ready(page, "Tea at five?")
    stands(desk, name, "allow")
    page.keyboard.press("z")
    ready(page, "Tea at four?")
    stands(desk, name, "review")
    expect(page.get_by_role("button", name="Fine")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Harassment and bullying").click()
    page.keyboard.press("Enter")
    stands(desk, name, "remove")
    ready(page, "Tea at five?")


def test_what_is_severe_is_covered_until_it_is_asked_for(desk: Console) -> None:
    name = post(desk, "Tea at four?", "severe")
    page = desk.page(desk.person("moderator"), "/review/")
    ready(page, "Tea at four?")
    expect(page.locator("#evidence")).to_have_class("covered")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    assert decisions(desk, name)[0]["action"] == "review"
    page.keyboard.press("b")
    expect(page.locator("#evidence")).not_to_have_class("covered")
    page.keyboard.press("b")
    expect(page.locator("#evidence")).to_have_class("covered")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    stands(desk, name, "allow")


def test_keys_are_dead_while_one_types_composes_and_answers_a_question(desk: Console) -> None:
    name = post(desk, "Tea at four?")
    page = desk.page(desk.person("moderator"), "/review/")
    ready(page, "Tea at four?")
    page.keyboard.press("n")
    page.keyboard.type("1 k z q says tea")
    expect(page.locator("#note")).to_have_value("1 k z q says tea")
    session = page.context.new_cdp_session(page)
    session.send("Input.imeSetComposition", {"text": "cha", "selectionStart": 3, "selectionEnd": 3})
    session.send("Input.dispatchKeyEvent", {"type": "keyDown", "key": "Enter", "windowsVirtualKeyCode": 229})
    session.send("Input.insertText", {"text": "茶"})
    expect(page.locator("#note")).to_have_value("1 k z q says tea茶")
    page.get_by_role("button", name="Keep").click()
    assert decisions(desk, name)[0]["action"] == "review"
    page.keyboard.press("1")
    # An input method at work on the page itself.
    page.evaluate(
        "document.body.dispatchEvent(new KeyboardEvent('keydown',"
        " {key: 'Enter', code: 'Enter', isComposing: true, bubbles: true}))"
    )
    page.wait_for_timeout(300)
    assert decisions(desk, name)[0]["action"] == "review"
    page.keyboard.press("Enter")
    stands(desk, name, "allow")


def test_a_held_key_decides_nothing_that_was_not_seen(desk: Console) -> None:
    names = [post(desk, f"Tea number {number}") for number in range(3)]
    page = desk.page(desk.person("moderator"), "/review/")
    ready(page, "Tea number 0")
    page.keyboard.press("1")
    page.keyboard.down("Enter")
    ready(page, "Tea number 1")
    for _ in range(30):
        page.keyboard.down("Enter")  # what the system repeats
        page.keyboard.down("1")
    page.wait_for_timeout(500)
    stands(desk, names[0], "allow")
    assert [decisions(desk, name)[0]["action"] for name in names[1:]] == ["review", "review"]
    page.keyboard.up("Enter")
    page.keyboard.up("1")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    stands(desk, names[1], "allow")


def test_a_lost_line_loses_and_doubles_nothing(desk: Console) -> None:
    names = [post(desk, f"Tea number {number}") for number in range(3)]
    page = desk.page(desk.person("moderator"), "/review/")
    ready(page, "Tea number 0")
    page.context.set_offline(True)
    for number in range(2):
        ready(page, f"Tea number {number}")
        page.keyboard.press("1")
        page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("No connection")
    ready(page, "Tea number 2")
    assert [decisions(desk, name)[0]["action"] for name in names] == ["review"] * 3
    page.context.set_offline(False)
    for name in names[:2]:
        stands(desk, name, "allow")
        assert len([one for one in decisions(desk, name) if one["strategy"] == "people"]) == 1
    expect(page.get_by_role("alert")).to_be_hidden()


def test_an_answer_that_arrived_while_its_reply_was_lost_counts_once(desk: Console) -> None:
    name = post(desk, "Tea at four?")
    page = desk.page(desk.person("moderator"), "/review/")
    ready(page, "Tea at four?")
    lost = []

    def lose(route: Any) -> None:
        if not lost:
            lost.append(route.fetch())
            route.abort()
        else:
            route.continue_()

    page.route("**/review/answer", lose)
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(page.locator("#progress")).to_contain_text("today")
    stands(desk, name, "allow")
    until(page, "localStorage.length === 0")
    assert len([one for one in decisions(desk, name) if one["strategy"] == "people"]) == 1


def test_a_window_that_is_closed_with_answers_unsent_sends_them_when_it_is_opened_again(
    desk: Console,
) -> None:
    name = post(desk, "Tea at four?")
    page = desk.page(desk.person("moderator"), "/review/")
    ready(page, "Tea at four?")
    page.context.set_offline(True)
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("No connection")
    page.close(run_before_unload=False)
    page.context.set_offline(False)
    again = page.context.new_page()
    again.goto(desk.url + "/review/")
    stands(desk, name, "allow")


def test_skip_hold_and_second_opinion(desk: Console) -> None:
    name = post(desk, "Tea at four?")
    one, other = desk.person("moderator"), desk.person("moderator", name="mo")
    page = desk.page(one, "/review/")
    ready(page, "Tea at four?")
    page.keyboard.press("k")
    expect(page.locator("#ask-skip")).to_be_visible()
    page.keyboard.press("1")
    expect(page.locator("#empty")).to_be_visible()
    theirs = desk.page(other, "/review/")
    ready(theirs, "Tea at four?")
    theirs.keyboard.press("o")
    theirs.keyboard.press("1")
    theirs.keyboard.press("Enter")
    expect(theirs.locator("#told")).to_contain_text("Another opinion")
    third = desk.page(desk.person("senior"), "/review/")
    ready(third, "Tea at four?")
    expect(third.locator("#asks")).to_have_text("What is to be done about it?")
    third.get_by_role("button", name="Harassment and bullying").click()
    third.keyboard.press("Enter")
    expect(third.locator("#empty")).to_be_visible()
    assert decisions(desk, name)[0]["action"] == "review"
    fourth = desk.page(desk.person("senior", name="sen"), "/review/")
    ready(fourth, "Tea at four?")
    expect(fourth.locator("#asks")).to_have_text("Two opinions differ. Which holds?")
    expect(fourth.get_by_text("Opinion 1: Fine → allow")).to_be_visible()
    fourth.keyboard.press("1")
    fourth.keyboard.press("Enter")
    assert stands(desk, name, "allow")["reason"] == "arbitration"


def test_an_appeal_shows_what_they_say_and_what_was_decided(desk: Console) -> None:
    name = post(desk, "Tea at four?", "stop")
    event = {
        "id": f"appeal-{name}",
        "item_id": name,
        "type": "appeal",
        "by": "sam",
        "statement": "It is tea.",
    }
    with desk.service.client() as client:
        client.post("/events", json=event).raise_for_status()
    page = desk.page(desk.person("senior"), "/review/")
    ready(page, "Tea at four?")
    expect(page.get_by_text("It is tea.")).to_be_visible()
    expect(page.get_by_text("remove · Harassment and bullying · a strategy · stopped")).to_be_visible()
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    assert stands(desk, name, "allow")["reason"] == "appeal_granted"


def test_a_stretch_of_the_text_is_marked(desk: Console) -> None:
    name = post(desk, "🌊 Tea at four?")
    page = desk.page(desk.person("moderator"), "/review/")
    ready(page, "🌊 Tea at four?")
    page.evaluate(
        "const node = document.getElementById('text').firstChild;"
        "getSelection().setBaseAndExtent(node, 3, node, 6)"
    )
    page.keyboard.press("m")
    expect(page.get_by_text("Marked: Tea")).to_be_visible()
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    stands(desk, name, "allow")
    kept = desk.script(
        "from tidegate.server.review.models import Answer\n"
        f"one = Answer.objects.get(item__external_id={name!r})\n"
        "print(one.span_start, one.span_end, one.wall_ms >= one.active_ms > 0, one.screen[0][0])"
    )
    assert kept.split() == ["2", "5", "True", "paint"]


def test_one_steps_away_at_once_and_comes_back(desk: Console) -> None:
    name = post(desk, "Tea at four?")
    page = desk.page(desk.person("moderator"), "/review/")
    ready(page, "Tea at four?")
    page.keyboard.press("v")
    expect(page.locator("#stepped-away")).to_be_visible()
    expect(page.locator("#desk")).to_be_hidden()
    other = desk.page(desk.person("moderator", name="mo"), "/review/")
    ready(other, "Tea at four?")
    other.keyboard.press("1")
    other.keyboard.press("Enter")
    stands(desk, name, "allow")
    post(desk, "Tea at five?")
    page.get_by_role("button", name="I am back").click()
    ready(page, "Tea at five?")


def test_nothing_is_left_in_the_other_window_of_whoever_steps_away(desk: Console) -> None:
    for number in range(6):
        post(desk, f"Window number {number}")
    page = desk.page(desk.person("moderator"), "/review/")
    until(page, "performance.getEntriesByName('painted').length > 0")
    other = page.context.new_page()
    other.goto(page.url)
    until(other, "performance.getEntriesByName('painted').length > 0")
    page.keyboard.press("v")
    expect(other.locator("#stepped-away")).to_be_visible()
    expect(other.locator("#desk")).to_be_hidden()
    late = page.context.new_page()
    late.goto(page.url)
    expect(late.locator("#stepped-away")).to_be_visible()
    late.get_by_role("button", name="I am back").click()
    expect(page.locator("#stepped-away")).to_be_hidden()
    expect(other.locator("#stepped-away")).to_be_hidden()
    expect(late.locator("#desk")).to_be_visible()


def test_a_key_that_can_do_nothing_yet_says_what_is_missing(desk: Console) -> None:
    post(desk, "Tea, and nothing chosen")
    page = desk.page(desk.person("moderator"), "/review/")
    until(page, "performance.getEntriesByName('painted').length > 0")
    page.keyboard.press("Enter")
    expect(page.locator("#told")).to_have_text("Choose first: fine, or the policy that it violates.")
    page.keyboard.press("?")
    expect(page.locator("#show-keys")).to_contain_text("Go back a step")


def test_a_limit_is_reached_and_the_page_says_until_when(desk: Console) -> None:
    person = desk.person("moderator", name="limited")
    desk.script(
        "from tidegate.server.people.models import User\n"
        "from tidegate.server.care.models import Limits\n"
        "who = User.objects.get(username='limited')\n"
        "Limits.objects.update_or_create(person=who, defaults={'per_hour': 8})"
    )
    for number in range(4):
        post(desk, f"Tea number {number}")
    page = desk.page(person, "/review/")
    for number in range(2):  # each weighs 4
        ready(page, f"Tea number {number}")
        page.keyboard.press("1")
        page.keyboard.press("Enter")
    expect(page.locator("#empty")).to_contain_text("This hour's limit on what you look at is reached.")
    expect(page.locator("#empty")).to_contain_text("There is more from")
    assert faults(page) == []


def test_own_keys(desk: Console) -> None:
    post(desk, "Tea at four?")
    person = desk.person("moderator", name="keys")
    page = desk.page(person, "/review/keys/")
    assert faults(page) == []
    page.get_by_label("Skip").fill("z")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("already")
    page.get_by_label("Skip").fill(";")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Saved")
    page.goto(desk.url + "/review/")
    ready(page, "Tea at four?")
    expect(page.get_by_role("button", name="Skip").locator("kbd")).to_have_text(";")
    page.keyboard.press(";")
    expect(page.locator("#ask-skip")).to_be_visible()

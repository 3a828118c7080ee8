"""Answers, undoing and stepping away where the line is lost at the worst moment, or two windows are open."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect
from tests.server.browser.conftest import Console
from tests.server.browser.test_review import desk, post, ready, site, stands, until  # noqa: F401

pytestmark = pytest.mark.browser


def fine(page: Any) -> None:
    page.keyboard.press("1")
    page.keyboard.press("Enter")


def test_a_window_keeps_what_another_one_has_not_sent(desk: Console) -> None:  # noqa: F811
    name, other = post(desk, "Tea at four?"), post(desk, "Tea at five?")
    page = desk.page(desk.person("moderator"), "/review/")
    ready(page, "Tea at four?")
    beside = page.context.new_page()
    beside.goto(desk.url + "/review/")
    ready(beside, "Tea at four?")
    page.route("**/review/answer", lambda route: route.abort())
    fine(page)
    expect(page.get_by_role("alert")).to_contain_text("No connection")
    beside.bring_to_front()
    beside.keyboard.press("k")
    beside.keyboard.press("1")
    ready(beside, "Tea at five?")
    fine(beside)
    stands(desk, other, "allow")
    until(beside, "localStorage.length === 1")
    page.close(run_before_unload=False)
    beside.reload()
    stands(desk, name, "allow")


def test_what_is_undone_while_the_line_is_lost_is_undone_though_it_had_arrived(
    desk: Console,  # noqa: F811
) -> None:
    name = post(desk, "Tea at four?")
    page = desk.page(desk.person("moderator"), "/review/")
    ready(page, "Tea at four?")
    arrived: list[Any] = []

    def lose(route: Any) -> None:
        if not arrived:
            arrived.append(route.fetch())
        route.abort()

    page.route("**/review/answer", lose)
    fine(page)
    stands(desk, name, "allow")
    page.context.set_offline(True)
    page.keyboard.press("z")
    ready(page, "Tea at four?")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Harassment and bullying").click()
    page.keyboard.press("Enter")
    page.unroute("**/review/answer")
    page.context.set_offline(False)
    stands(desk, name, "remove")
    until(page, "localStorage.length === 0")


def test_whoever_has_stepped_away_sees_nothing_that_was_on_its_way(desk: Console) -> None:  # noqa: F811
    for number in range(5):
        post(desk, f"Tea number {number}")
    page = desk.page(desk.person("moderator"), "/review/")
    ready(page, "Tea number 0")
    held: list[Any] = []
    page.route("**/review/answer", lambda route: held.append((route, route.fetch())))
    fine(page)
    ready(page, "Tea number 1")
    while not held:
        page.wait_for_timeout(50)
    ((route, answer),) = held
    assert [task["content"]["text"] for task in answer.json()["tasks"]] == ["Tea number 3"]
    page.keyboard.press("v")
    expect(page.locator("#stepped-away")).to_be_visible()
    route.fulfill(response=answer)
    until(page, "localStorage.length === 0")
    expect(page.locator("#desk")).to_be_hidden()
    page.unroute("**/review/answer")
    page.get_by_role("button", name="I am back").click()
    expect(page.locator("#desk")).to_be_visible()


def test_stepping_away_is_told_as_soon_as_the_line_is_back(desk: Console) -> None:  # noqa: F811
    name = post(desk, "Tea at four?")
    page = desk.page(desk.person("moderator"), "/review/")
    ready(page, "Tea at four?")
    page.context.set_offline(True)
    page.keyboard.press("v")
    expect(page.locator("#stepped-away")).to_be_visible()
    page.wait_for_timeout(500)
    with page.expect_response("**/care/away"):
        page.context.set_offline(False)
    other = desk.page(desk.person("moderator", name="mo"), "/review/")
    ready(other, "Tea at four?")
    fine(other)
    stands(desk, name, "allow")
    page.get_by_role("button", name="I am back").click()

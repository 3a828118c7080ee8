"""One decision for several near-duplicates: what differs, progress, what failed, all taken back."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.server.browser.accessibility import faults, too_wide
from tests.server.browser.conftest import PHONE, Console
from tests.server.browser.test_review import decisions, desk, post, ready, site, stands  # noqa: F401

pytestmark = pytest.mark.browser
TEXT = "Buy the best tea of the river at our shop today and bring a friend along"


def opened(desk: Console, person: Any, **look: Any) -> Page:  # noqa: F811
    """The page of near-duplicates of the first item, by its key."""
    page = desk.page(person, "/review/", **look)
    ready(page, TEXT)
    page.keyboard.press("a")
    page.wait_for_url("**/review/alike/**")
    return page


def test_one_decision_is_made_for_those_that_are_ticked(desk: Console) -> None:  # noqa: F811
    names = [post(desk, TEXT + end) for end in ("", "!", " 100", "!!")]
    page = opened(desk, desk.person("moderator"))
    expect(page.locator(".alike li")).to_have_count(4)
    expect(page.locator("ins").first).to_be_visible()
    assert faults(page) == []
    # One is left out, and another is taken by somebody else meanwhile.
    page.get_by_label("Near-duplicate 3").focus()
    page.keyboard.press("Space")
    left = page.locator(".alike li").nth(3).get_attribute("data-handle")
    taken = page.locator(".alike li").nth(2).get_attribute("data-handle")
    told = desk.script(
        "from tidegate.server.review.models import Task\n"
        "from tidegate.server.people.models import User\n"
        "from tidegate.server.people.persons import Change, set_person\n"
        "other, _ = set_person('takes', Change(roles=['moderator'], zones=['us']), actor='test')\n"
        f"Task.objects.filter(handle={taken!r}).update(leased_to=other)\n"
        f"print(*[Task.objects.get(handle=one).item.external_id for one in ({left!r}, {taken!r})])"
    )
    untouched = told.split()
    page.get_by_label("What is it?").focus()
    page.keyboard.type("Harassment")
    page.get_by_label("Note").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#told")).to_have_text("3 / 3")
    expect(page.locator(".state", has_text="✓ decided")).to_have_count(2)
    expect(page.locator(".state", has_text="! it is not with you any more")).to_have_count(1)
    for name in names:
        if name in untouched:
            assert decisions(desk, name)[0]["action"] == "review"
        else:
            assert stands(desk, name, "remove")["policy"] == "harassment-bullying"
    page.get_by_role("button", name="Take all back").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".state", has_text="taken back")).to_have_count(2)
    assert {decisions(desk, name)[0]["action"] for name in names} == {"review"}


def test_what_was_not_sent_is_sent_again_and_counts_once(desk: Console) -> None:  # noqa: F811
    names = [post(desk, TEXT + end) for end in ("", "!", "!!")]
    page = opened(desk, desk.person("moderator"))
    sent = []

    def lose(route: Any) -> None:
        sent.append(route)
        if len(sent) == 2:
            route.abort()
        elif len(sent) == 3:  # it arrives, and its reply is lost
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route("**/review/alike/answer", lose)
    page.get_by_label("What is it?").select_option("fine")
    page.get_by_role("button", name="Send for those").click()
    expect(page.get_by_role("alert")).to_contain_text("not sent: no connection: 2")
    page.get_by_role("button", name="Send the rest again").click()
    expect(page.locator("#told")).to_have_text("3 / 3")
    expect(page.get_by_role("alert")).to_be_hidden()
    for name in names:
        stands(desk, name, "allow")
        assert len([one for one in decisions(desk, name) if one["strategy"] == "people"]) == 1


def test_it_fits_a_phone_in_the_dark_in_chinese_and_without_any(desk: Console) -> None:  # noqa: F811
    for end in ("", "!"):
        post(desk, TEXT + end)
    page = opened(desk, desk.person("moderator"), width=PHONE, dark=True, language="zh-CN")
    expect(page.get_by_role("heading", name="近似内容")).to_be_visible()
    assert (faults(page), too_wide(page)) == ([], 0)
    alone = desk.person("moderator", name="alone")
    desk.script(
        "from tidegate.server.review.models import Task\n"
        "Task.objects.filter(state='open').update(state='gone', leased_to=None)"
    )
    post(desk, TEXT)
    page = opened(desk, alone)
    expect(page.get_by_text("No open item here is a near-duplicate of this one.")).to_be_visible()
    assert faults(page) == []

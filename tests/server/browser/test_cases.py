"""A lead finds a post and reads why it was decided so, by keyboard alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from tests.server.browser.accessibility import faults, too_wide
from tests.server.browser.conftest import PHONE, Console

pytestmark = pytest.mark.browser


def test_a_lead_finds_a_post_and_reads_why(console: Console) -> None:
    page = console.page(console.person("lead"), "/")
    page.get_by_role("link", name="Cases").first.focus()
    page.keyboard.press("Enter")
    page.get_by_label("Says").focus()
    page.keyboard.type("cup of TEA")
    page.get_by_label("Show what they say").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_role("cell", name="A cup of tea by the river.")).to_be_visible()
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_role("link", name="post-1").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Why")).to_be_visible()
    expect(page.get_by_role("heading", name="What would have flipped it")).to_be_visible()
    console.picture(page, "item")
    signals = page.locator("summary", has_text="Signals").first
    signals.focus()
    page.keyboard.press("Enter")
    expect(page.locator("details[open] dt").first).to_be_visible()
    assert faults(page) == []


def test_a_find_and_an_item_fit_a_phone_in_the_dark(console: Console) -> None:
    person = console.person("lead")
    page = console.page(person, "/cases/", width=PHONE, dark=True, language="zh-CN")
    page.get_by_role("button", name="搜索").click()
    expect(page.get_by_role("link", name="post-1")).to_be_visible()
    assert (faults(page), too_wide(page)) == ([], 0)
    page.get_by_role("link", name="post-1").click()
    expect(page.get_by_role("heading", name="历史")).to_be_visible()
    assert (faults(page), too_wide(page)) == ([], 0)

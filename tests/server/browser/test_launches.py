"""A change of a threshold on the pages: tried, published, agreed to by a second person; and a kill switch."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from tests.server.browser.accessibility import faults, too_wide
from tests.server.browser.conftest import PHONE, Console

pytestmark = pytest.mark.browser


def test_a_threshold_is_changed_by_two_people(console: Console) -> None:
    page = console.page(console.person("policy"), "/launches/")
    page.get_by_role("link", name="Write a new version").click()
    text = page.get_by_label("Its text")
    before = text.input_value()
    changed = re.sub(r"(review: )0\.\d+", r"\g<1>0.01", before)
    assert changed != before
    text.fill(changed)
    page.get_by_role("button", name="See what would change").click()
    expect(page.get_by_text("review: ").first).to_contain_text("→ 0.01.")
    expect(page.get_by_text("Tried on the newest 2 decisions of text 1 in us.")).to_be_visible()
    assert faults(page) == []
    console.picture(page, "draft")
    page.get_by_label("Why").fill("more to people")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("text 2 waits for a second person.")).to_be_visible()
    expect(page.get_by_role("button", name="Agree: let it decide")).to_have_count(0)

    lead = console.page(console.person("lead"), "/launches/", width=PHONE, dark=True, language="zh-CN")
    assert (faults(lead), too_wide(lead)) == ([], 0)
    lead.get_by_role("link", name="text 2").first.click()
    lead.get_by_role("button", name="看看会有什么变化").click()
    expect(lead.get_by_role("heading", name="会有什么变化")).to_be_visible()
    assert (faults(lead), too_wide(lead)) == ([], 0)
    lead.goto(f"{console.url}/launches/")
    lead.get_by_role("button", name="同意启用").click()
    expect(lead.get_by_text("现在由 text 2 决定。")).to_be_visible()
    # Back, for the tests that follow: that needs one person.
    page.goto(f"{console.url}/launches/text/1/")
    page.get_by_role("button", name="Let this version decide").click()
    expect(page.get_by_text("text 1 decides now.")).to_be_visible()


def test_a_rule_is_stopped_by_keyboard(console: Console) -> None:
    page = console.page(console.person("senior"), "/launches/")
    page.get_by_label("Switch off").focus()
    page.get_by_label("Switch off").select_option(index=3)
    page.keyboard.press("Tab")
    page.keyboard.type("it stops songs")
    page.keyboard.press("Enter")
    expect(page.get_by_text("is off.")).to_be_visible()
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_text("is on again.")).to_be_visible()

"""Somebody steps away, opts out and looks at their exposure, by keyboard alone, on a desk and on a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from tests.server.browser.accessibility import faults, too_wide
from tests.server.browser.conftest import PHONE, Console

pytestmark = pytest.mark.browser


def test_one_steps_away_and_comes_back_by_keyboard(console: Console) -> None:
    page = console.page(console.person("moderator"), "/")
    page.get_by_role("link", name="Care", exact=True).first.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Step away").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("You have stepped away.")).to_be_visible()
    assert faults(page) == []
    page.get_by_role("button", name="Come back").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Step away")).to_be_visible()


def test_one_opts_out_on_a_phone_in_the_dark_in_chinese(console: Console) -> None:
    person = console.person("moderator")
    page = console.page(person, "/care/areas/", width=PHONE, dark=True, language="zh-CN")
    box = page.get_by_label("暴力与血腥内容")
    box.focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="保存").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("已保存")).to_be_visible()
    expect(box).to_be_checked()
    assert (faults(page), too_wide(page)) == ([], 0)
    box.uncheck()
    page.get_by_role("button", name="保存").click()
    expect(box).not_to_be_checked()

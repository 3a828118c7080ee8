"""An analyst asks in SQL: table, chart and file."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.server.browser.accessibility import faults, too_wide
from tests.server.browser.conftest import PHONE, Console

pytestmark = pytest.mark.browser


def test_an_analyst_asks_and_takes_the_answer_along(console: Console) -> None:
    page = console.page(console.person("analyst"), "/queries/")
    page.get_by_label("Chart").select_option("bars")
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_role("cell", name="allow")).to_be_visible()
    expect(page.locator(".chart svg")).to_be_visible()
    assert faults(page) == []
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    assert Path(download.value.path()).read_text().startswith("action,decisions\n")


def test_a_mistake_is_told_on_a_phone(console: Console) -> None:
    page = console.page(console.person("analyst"), "/queries/", width=PHONE, dark=True, language="zh-CN")
    page.get_by_label("SQL").fill("select * from item")
    page.get_by_role("button", name="查询").click()
    expect(page.get_by_role("alert")).to_contain_text("Did you mean 'items'?")
    assert (faults(page), too_wide(page)) == ([], 0)

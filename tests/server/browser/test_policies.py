"""A policy is changed: tried, mended, saved, and read by a reviewer."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from tests.server.browser.accessibility import faults, too_wide
from tests.server.browser.conftest import PHONE, Console

pytestmark = pytest.mark.browser


def test_a_policy_is_mended_saved_and_read(console: Console) -> None:
    page = console.page(console.person("policy"), "/policies/")
    page.get_by_role("link", name="animal-abuse").click()
    page.get_by_role("link", name="Change it").click()
    text = page.get_by_label("The policy")
    whole = text.input_value()
    text.fill(whole.replace("## Borderline\n", "## Between\n", 1))
    page.get_by_role("button", name="Preview and try").click()
    expect(page.get_by_role("alert")).to_contain_text("animal-abuse.md:")
    assert faults(page) == []
    text.fill(whole.replace("  en: ", "  en: Kindness, or ", 1))
    page.get_by_role("button", name="Preview and try").click()
    expect(page.get_by_text("golden cases agree with it.")).to_be_visible()
    expect(page.get_by_role("heading", name="Kindness, or ")).to_be_visible()
    assert faults(page) == []
    page.get_by_label("Why").fill("kinder")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("is saved.")).to_be_visible()

    reader = console.page(
        console.person("moderator"), "/policies/animal-abuse/?language=en", width=PHONE, dark=True
    )
    expect(reader.get_by_role("heading", name="Kindness, or ")).to_be_visible()
    expect(reader.get_by_role("link", name="Change it")).to_have_count(0)
    assert (faults(reader), too_wide(reader)) == ([], 0)

"""Every page for people: no fault that axe-core knows, in both languages, light and dark, on a phone too."""

from __future__ import annotations

from typing import Any

import pytest
from tests.server.browser.accessibility import faults, too_wide
from tests.server.browser.conftest import PHONE, Console

pytestmark = pytest.mark.browser

PAGES: dict[str, str | None] = {
    "/account/login/": None,
    "/": "moderator",
    "/account/": "moderator",
    "/account/2fa/": "lead",
    "/account/password/change/": "moderator",
    "/people/": "lead",
    "/ledger/": "auditor",
    "/items/us/post-1": "moderator",
    "/launches/": "program_manager",
    "/nowhere/": "moderator",
}
LOOKS: dict[str, Any] = {
    "English, light": {},
    "Chinese, dark, phone": {"language": "zh-CN", "dark": True, "width": PHONE},
}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("path", PAGES)
def test_a_page_can_be_used_by_everybody(console: Console, path: str, look: str) -> None:
    role = PAGES[path]
    page = console.page(None if role is None else console.person(role), path, **LOOKS[look])
    assert page.locator("html").get_attribute("lang") == ("zh-hans" if "language" in LOOKS[look] else "en")
    assert faults(page) == []
    assert too_wide(page) <= 0


def test_a_page_works_by_keyboard_from_its_first_key(console: Console) -> None:
    page = console.page(console.person("program_manager"), "/launches/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")

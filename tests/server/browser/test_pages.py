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
    "/quality/golds/": "qa",
    "/quality/queues/": "lead",
    "/quality/people/": "lead",
    "/ledger/": "auditor",
    "/items/us/post-1": "moderator",
    "/cases/": "moderator",
    "/care/": "moderator",
    "/care/showing/": "moderator",
    "/care/areas/": "moderator",
    "/care/exposure/": "moderator",
    "/care/trials/": "moderator",
    "/care-team/": "lead",
    "/figures/": "analyst",
    "/queries/": "analyst",
    "/policies/": "moderator",
    "/policies/animal-abuse/": "moderator",
    "/policies/animal-abuse/edit": "policy",
    "/launches/": "program_manager",
    "/console/design/": "moderator",
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


def test_the_design_page_shows_what_the_tokens_say_on_a_light_and_on_a_dark_system(console: Console) -> None:
    seen = []
    for dark in (False, True):
        page = console.page(console.person("moderator"), "/console/design/", dark=dark)
        seen.append(page.locator(".swatch.paper").evaluate("one => getComputedStyle(one).backgroundColor"))
        assert seen[-1] == page.locator("body").evaluate("one => getComputedStyle(one).backgroundColor")
    assert seen == ["rgb(251, 250, 247)", "rgb(20, 25, 31)"]


def test_what_has_the_focus_is_ringed(console: Console) -> None:
    page = console.page(console.person("moderator"), "/console/design/")
    rings = []
    page.keyboard.press("Tab")
    while page.evaluate("document.activeElement !== document.body"):
        rings.append(page.evaluate("getComputedStyle(document.activeElement).outlineStyle"))
        page.keyboard.press("Tab")
    assert len(rings) > 5
    assert set(rings) == {"solid"}

"""Every page for people: no fault that axe-core knows, in both languages, light and dark, on a phone too."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Response
from tests.server.browser.accessibility import faults, too_wide
from tests.server.browser.conftest import DESK, PHONE, Console

pytestmark = pytest.mark.browser

PAGES: dict[str, str | None] = {
    "/account/login/": None,
    "/": "moderator",
    "/account/": "moderator",
    "/account/2fa/": "lead",
    "/account/password/change/": "moderator",
    "/people/": "lead",
    "/people/invite/": "admin",
    "/keys/": "admin",
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
HEAVIEST = 200_000
"""Bytes of a page with its styles and scripts."""
LOOKS: dict[str, Any] = {
    "English, light": {},
    "Chinese, dark, phone": {"language": "zh-CN", "dark": True, "width": PHONE},
    "twice the size": {"width": DESK // 2, "device_scale_factor": 2},
}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("path", PAGES)
def test_a_page_can_be_used_by_everybody(console: Console, path: str, look: str) -> None:
    role = PAGES[path]
    person = None if role is None else console.person(role)
    page = console.window(storage_state=person.cookies if person else None, **LOOKS[look])
    heard: list[Response] = []
    page.on("response", lambda one: heard.append(one))  # a built-in method cannot be a handler
    page.goto(console.url + path)
    assert page.locator("html").get_attribute("lang") == ("zh-hans" if "language" in LOOKS[look] else "en")
    assert faults(page) == []
    assert too_wide(page) <= 0
    assert sum(len(one.body()) for one in heard if one.ok) < HEAVIEST


@pytest.mark.parametrize("look", LOOKS)
def test_an_admin_gives_a_role_on_somebodys_page(console: Console, look: str) -> None:
    managed, admin = console.person("qa"), console.person("admin")
    page = console.page(admin, f"/person/{managed.name}/", **LOOKS[look])
    assert faults(page) == []
    assert too_wide(page) <= 0
    page.locator("input[value=lead]").set_checked(True)
    page.locator("form[action$=change] button").press("Enter")
    assert page.locator("[role=status]").is_visible()
    assert page.locator("input[value=lead]").is_checked()


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

"""docs/tour.md, walked in a real Chromium on a real demo, as it says.

TIDEGATE_PICTURES=docs/pictures draws the tour's pictures anew.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.server.browser.accessibility import faults, too_wide
from tests.server.browser.conftest import DESK, PHONE, TIMEOUT
from tests.server.browser.test_review import until
from tests.server.conftest import free_port, run

pytestmark = pytest.mark.browser

DECIDED = 10


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What `make demo` prints; its service runs meanwhile."""
    folder = tmp_path_factory.mktemp("tour")
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    made = run("demo", "--port", str(free_port()), cwd=folder, environment=environment)
    assert made.returncode == 0, made.stderr
    yield made.stdout
    run("demo", "--stop", cwd=folder, environment=environment)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": DESK, "height": 900}, locale="en")
    context.set_default_timeout(TIMEOUT)
    yield context.new_page()
    context.close()


def picture(page: Page, name: str) -> None:
    folder = os.environ.get("TIDEGATE_PICTURES")
    if folder:
        page.screenshot(path=Path(folder) / f"tour-{name}.png", full_page=False)


def place(page: Page, name: str) -> None:
    """A place in the bar."""
    page.get_by_role("navigation", name="Pages").get_by_role("link", name=name, exact=True).click()


def sign_in(page: Page, told: str, name: str, code: int = 0) -> None:
    """As the demo says: a password, and for some a code."""
    url = re.search(r"The service runs at (\S+)", told)
    who = re.search(rf"^  {name} +(\S+) .*(?:\n +then one of the codes (.*))?", told, re.M)
    assert url
    assert who
    page.goto(url[1])
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(who[1])
    page.get_by_role("button", name="Sign in").click()
    if who[2]:
        page.get_by_label("Code").fill(who[2].split(", ")[code])
        page.get_by_role("button", name="Sign in").first.click()
    expect(page.get_by_role("heading", name=f"Hello {name}")).to_be_visible()


def test_ten_items_are_decided(told: str, page: Page) -> None:
    sign_in(page, told, "mo")
    place(page, "Review")
    for number in range(DECIDED):
        until(page, f"performance.getEntriesByName('painted').length > {number}")
        page.wait_for_timeout(100)
        if page.locator("#evidence.covered").count():
            page.keyboard.press("b")
        if number == 0:
            picture(page, "review")
        page.keyboard.press("1")
        page.keyboard.press("Enter")
    expect(page.locator("#progress")).to_contain_text(f"{DECIDED} today")


def test_a_lead_finds_why_sees_leakage_and_changes_a_threshold_with_a_second_person(
    told: str, page: Page
) -> None:
    sign_in(page, told, "ada")
    place(page, "Cases")
    page.get_by_label("Action").fill("remove")
    page.get_by_role("button", name="Search").click()
    page.locator("tbody a").first.click()
    expect(page.get_by_role("heading", name="Why")).to_be_visible()
    expect(page.get_by_role("heading", name="What would have flipped it")).to_be_visible()
    picture(page, "why")
    place(page, "Figures")
    expect(page.get_by_text("Leakage").first).to_be_visible()
    picture(page, "figures")
    place(page, "Launches")
    page.get_by_role("link", name="Write a new version").click()
    text = page.get_by_label("Its text")
    assert "review: 0.45" in text.input_value()
    text.fill(text.input_value().replace("review: 0.45", "review: 0.30"))
    page.get_by_role("button", name="See what would change").click()
    expect(page.get_by_text("review: 0.45 → 0.3")).to_be_visible()
    picture(page, "trial")
    page.get_by_label("Why").fill("More goes to people, to see what leaks.")
    page.get_by_role("button", name="Publish").click()
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, told, "ben")
    place(page, "Launches")
    page.get_by_role("button", name="Agree: let it decide").click()
    expect(page.get_by_role("status")).to_be_visible()
    picture(page, "launches")


def test_every_page_of_the_console_has_something_to_show(told: str, page: Page) -> None:
    """Each place in the bar, on a desk and on a phone: no fault of accessibility, nothing too wide, not too
    heavy."""
    sign_in(page, told, "ada", code=1)
    places = page.locator(".places a").evaluate_all("links => links.map(link => link.href)")
    assert len(places) > 8
    for address in places:
        sizes: list[int] = []
        page.on("response", lambda reply, sizes=sizes: sizes.append(len(reply.body())) if reply.ok else None)
        page.goto(address)
        page.wait_for_load_state("networkidle")
        assert sum(sizes) < 200_000, (address, sum(sizes))
        for width in (DESK, PHONE):
            page.set_viewport_size({"width": width, "height": 900})
            assert faults(page) == [], address
            assert too_wide(page) <= 0, address

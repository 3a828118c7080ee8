"""Leakage and overkill as a lead sees them: with labels of the audit, as charts, sentences and tables."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from tests.server.browser.accessibility import faults, too_wide
from tests.server.browser.conftest import PHONE, Console

pytestmark = pytest.mark.browser

ANSWERED = """
import uuid
from tidegate.server.content.actions import take_in
from tidegate.server.content.arrivals import CONTENT, Arrival
from tidegate.server.content.models import Decision
from tidegate.server.review.answering import answer
from tidegate.server.review.given import Given
from tidegate.server.review.leasing import lease
from tidegate.server.review.reviewers import reviewer_named
from tidegate.server.people.persons import Change, set_person
from tidegate.server.zones.scope import EVERYWHERE, of_process

of_process(EVERYWHERE)
content = dict.fromkeys(CONTENT) | {"kind": "text"}
posts = [content | {"text": f"tide {n}", "language": ("en", "zh")[n % 2]} for n in range(400)]
take_in([Arrival("key:test", "charts", f"chart-{n}", post, n) for n, post in enumerate(posts)])
person, _ = set_person("quinn", Change(roles=["qa"], zones=["charts"]), actor="test")
who = reviewer_named(person)
while tasks := lease(who):
    for task in tasks:
        bad = task.item_id % 7 == 0
        given = ("remove", "harassment-bullying") if bad else ("allow", None)
        answer(who, Given(uuid.uuid4(), task.handle, *given))
"""


@pytest.fixture(scope="module")
def answered(served: Console) -> None:
    served.script(ANSWERED)


def test_a_lead_reads_figures_as_charts_sentences_and_tables(console: Console, answered: None) -> None:
    person = console.person("lead", zones=("charts",))
    page = console.page(person, "/figures/?zone=charts&days=7&weight=item&by=language")
    expect(page.get_by_role("heading", name="Leakage and overkill")).to_be_visible()
    chart = page.locator(".chart svg").first
    expect(chart).to_be_visible()
    ink = chart.locator("text").first.evaluate("one => getComputedStyle(one).fill")
    assert ink == page.locator("body").evaluate("one => getComputedStyle(one).color")
    console.picture(page, "figures")
    table = page.locator("summary").first
    table.focus()
    page.keyboard.press("Enter")
    expect(page.locator("details[open] table").first).to_be_visible()
    assert faults(page) == []
    assert too_wide(page) <= 0


def test_charts_are_dark_where_the_page_is_and_fit_a_phone(console: Console, answered: None) -> None:
    person = console.person("lead", zones=("charts",))
    page = console.page(person, "/figures/", width=PHONE, dark=True, language="zh-CN")
    expect(page.get_by_role("heading", name="漏放与误伤")).to_be_visible()
    ink = page.locator(".chart svg text").first.evaluate("one => getComputedStyle(one).fill")
    assert ink == "rgb(230, 232, 234)"
    assert faults(page) == []
    assert too_wide(page) <= 0

"""A reviewer's hour by keyboard alone: signing in, every kind of decision, a break; no mouse and no script's
click. At the end the database is held against what was pressed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from tests.server.browser.conftest import PASSWORD, Console
from tests.server.browser.test_review import ASKING, SETTINGS, post, until
from tests.server.conftest import running

pytestmark = pytest.mark.browser

ROUND = (
    "allow",
    "remove",
    "allow",
    "note",
    "skip",
    "other action",
    "second opinion",
    "undo",
    "hold",
    "wrong",
    "send",
    "call",
    "escalate",
    "severe",
    "distress",
)
ROUNDS = 2
REMOVED = {"violates": True, "policy": "harassment-bullying", "clause": None, "action": "remove"}
ALLOWED = {"violates": False, "policy": None, "clause": None, "action": "allow"}

SCREEN = "[performance.getEntriesByName('painted').length, document.getElementById('text')?.textContent]"


@pytest.fixture(scope="module")
def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    workspace = tmp_path_factory.mktemp("hour") / "site"
    with running(workspace, environment, workers=2, strategy=ASKING, settings=SETTINGS) as service:
        yield Console(service, browser)


class Keyboard:
    """Somebody at the keys; what they read is looked at, and only keys are pressed."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.painted = 0

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def write(self, text: str) -> None:
        self.page.keyboard.type(text)

    def tab_to(self, there: Locator) -> None:
        for _ in range(60):
            if there.evaluate("(one) => one === document.activeElement"):
                return
            self.press("Tab")
        raise AssertionError(f"Tab never comes to {there}")

    def choose(self, label: str) -> None:
        """By the key that stands on the button."""
        button = self.page.get_by_role("button", name=label, exact=False).first
        self.press(button.locator("kbd").first.inner_text())

    def next_item(self) -> str:
        """The text of an item that has newly been painted, for which one may have to wait."""
        before: Any = None
        for _ in range(1200):
            # Twice the same: what is on the screen is what was painted last.
            found = self.page.evaluate(SCREEN)
            if found == before and found[0] > self.painted and found[1]:
                self.painted = found[0]
                return str(found[1])
            before = found
            self.page.wait_for_timeout(100)
        raise AssertionError("nothing was painted")


def act(hand: Keyboard, what: str) -> None:
    """Everything that is pressed for one item of this kind."""
    page = hand.page
    if what == "allow":
        hand.press("1", "Enter")
    elif what == "remove":
        hand.choose("Harassment and bullying")
        hand.press("1", "Enter")
    elif what == "note":
        hand.press("n")
        hand.write("1 q z: both of them")
        hand.tab_to(page.get_by_role("button", name="Keep"))
        hand.press("Enter")
        hand.choose("Harassment and bullying")
        hand.press("2", "d", "Enter")
    elif what in ("skip", "distress"):
        hand.press("k", "1" if what == "skip" else "3")
    elif what == "other action":
        hand.choose("Harassment and bullying")
        hand.press("e", "Enter")
    elif what == "second opinion":
        hand.press("o", "1", "Enter")
        expect(page.locator("#told")).to_contain_text("Another opinion")
    elif what == "undo":
        text = page.locator("#text").text_content()
        hand.press("1", "Enter", "z")
        while hand.next_item() != text:  # the next one may be painted before it is back
            pass
        hand.press("Escape")
        hand.choose("Harassment and bullying")
        hand.press("Enter")
    elif what == "hold":
        hand.press("l", "2")
    elif what == "wrong":
        hand.press("j", "2", "1", "Enter")
    elif what == "send":
        hand.press("s")
        hand.tab_to(page.locator("#to"))
        hand.write("mo")
        expect(page.locator("#to")).to_have_value("mo")
        hand.tab_to(page.locator("#send-message"))
        hand.write("You know them.")
        hand.tab_to(page.locator("#ask-send button.first"))
        hand.press("Enter")
    elif what == "call":
        hand.choose("Violent extremism")
        hand.press("p", "Enter")
    elif what == "escalate":
        hand.press("x")
        hand.tab_to(page.locator("#escalate-message"))
        hand.write("Too much for me.")
        hand.tab_to(page.locator("#ask-escalate button.first"))
        hand.press("Enter")
    elif what == "severe":
        hand.press("1", "Enter")  # what is covered cannot be decided
        expect(page.locator("#evidence.covered")).to_be_visible()
        hand.press("b", "1", "Enter")


def test_a_reviewers_hour_by_keyboard_alone(site: Console) -> None:
    site.person("moderator", name="mo")
    site.person("moderator", name="hana")
    plan = {}
    for number, what in enumerate(ROUND * ROUNDS):
        text = f"Tea number {number}, {what}"
        plan[text] = (what, post(site, text, "severe" if what == "severe" else "ask"))

    # Signing in, and on to the page.
    page = site.window()
    page.add_init_script(
        "window.mice = 0; for (const what of ['mousedown', 'pointerdown', 'touchstart'])"
        " addEventListener(what, () => { window.mice += 1; }, true);"
    )
    page.goto(site.url + "/account/login/")
    hand = Keyboard(page)
    hand.tab_to(page.locator("#id_login"))
    hand.write("hana")
    hand.tab_to(page.locator("#id_password"))
    hand.write(PASSWORD)
    hand.press("Enter")
    page.wait_for_url(lambda address: "/account/login/" not in address)
    hand.tab_to(page.get_by_role("navigation", name="Pages").get_by_role("link", name="Review"))
    hand.press("Enter")
    page.wait_for_url("**/review/")

    # The hour: half of it, a break, the other half.
    came: list[str] = []
    breaks: list[str] = []
    half = len(plan) // 2
    while len(came) < len(plan):
        text = hand.next_item()
        what, _ = plan[text]
        came.append(text)
        act(hand, what)
        if len(came) == half:
            site.script(
                "from tidegate.server.care.models import Stretch\n"
                "Stretch.objects.filter(person__username='hana').update(active_ms=51 * 60_000)"
            )
        if not breaks and page.locator("#pause").is_visible():
            breaks.append(page.locator("#pause").text_content() or "")
            hand.next_item()
            hand.press("v")
            expect(page.locator("#stepped-away")).to_be_visible()
            expect(page.locator("#desk")).to_be_hidden()
            hand.press("Enter")
            expect(page.locator("#stepped-away")).to_be_hidden()
    expect(page.locator("#empty")).to_be_visible()
    assert sorted(came) == sorted(plan)
    (due,) = breaks
    assert "It is time for a break" in due
    until(page, "localStorage.length === 0")
    assert page.evaluate("window.mice") == 0

    kept = json.loads(site.script(KEPT))
    assert {text: kept[name] for text, (_, name) in plan.items()} == {
        text: expected(what) for text, (what, _) in plan.items()
    }
    assert site.faults == []


KEPT = """
import json
from tidegate.server.content.models import Decision, Item
from tidegate.server.review.models import Answer, Skip, Task

SAID = ('violates', 'policy', 'clause', 'action', 'severity', 'note')
found = {}
for item in Item.objects.all():
    answers = Answer.objects.filter(item=item).order_by('pk')
    for one in answers:
        assert one.person.username == 'hana' and one.assisted and one.screen[0][0] == 'paint'
    found[item.external_id] = {
        'answers': [
            {name: getattr(one, name) for name in SAID}
            | {'verdict': one.assist_verdict, 'undone': bool(one.undone_at), 'called': bool(one.escalate)}
            for one in answers
        ],
        'skips': list(Skip.objects.filter(task__item=item).values_list('reason', flat=True)),
        'open': [
            [one.queue, one.right, to and to.username, one.message, bool(one.not_before)]
            for to, one in ((one.assigned_to, one) for one in Task.objects.filter(item=item, state='open'))
        ],
        'stands': Decision.objects.filter(item=item).order_by('-pk').first().action,
    }
print(json.dumps(found))
"""


def expected(what: str) -> dict[str, Any]:
    """What the database must hold of an item of this kind."""
    asked = ["general", "decide", None, "", False]
    left: dict[str, Any] = {"answers": [], "skips": [], "open": [asked], "stands": "review"}

    def answer(said: dict[str, Any], **more: Any) -> dict[str, Any]:
        usual = {"severity": "high" if said["violates"] else None, "note": "", "verdict": ""}
        return {**usual, "undone": False, "called": False, **said, **more}

    removed = {"skips": [], "open": [], "stands": "remove"}
    allowed = {"skips": [], "open": [], "stands": "allow"}
    return {
        "allow": {"answers": [answer(ALLOWED)], **allowed},
        "severe": {"answers": [answer(ALLOWED)], **allowed},
        "remove": {"answers": [answer(REMOVED, clause="V1")], **removed},
        "note": {
            "answers": [answer(REMOVED, clause="V2", severity="critical", note="1 q z: both of them")],
            **removed,
        },
        "skip": {**left, "skips": ["unsure"]},
        "distress": {**left, "skips": ["distress"]},
        "other action": {
            "answers": [answer(REMOVED, action="limit_reach")],
            "skips": [],
            "open": [],
            "stands": "limit_reach",
        },
        "second opinion": {**left, "answers": [answer(ALLOWED)]},
        "undo": {"answers": [answer(ALLOWED, undone=True), answer(REMOVED)], **removed},
        "hold": {**left, "open": [["general", "decide", "hana", "", True]]},
        "wrong": {"answers": [answer(ALLOWED, verdict="no-harm")], **allowed},
        "send": {**left, "skips": ["sent"], "open": [["general", "decide", "mo", "You know them.", False]]},
        "call": {
            "answers": [answer(REMOVED, policy="violent-extremism", severity="critical", called=True)],
            **removed,
        },
        "escalate": {
            **left,
            "skips": ["escalated"],
            "open": [["escalated", "arbitrate", None, "Too much for me.", False]],
        },
    }[what]

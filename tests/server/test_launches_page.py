"""The page of launches: what it shows, and what each button does, in the name of whoever pressed it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.server.test_walk import shows_second_factor

pytestmark = pytest.mark.usefixtures("inside")


def somebody(name: str, role: str) -> Any:
    """The browser of somebody in us who has shown a second factor."""
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
    from django.test import Client

    from tidegate.server.people.persons import Change, set_person
    from tidegate.server.zones.scope import EVERYWHERE, within

    with within(EVERYWHERE):
        person, _ = set_person(name, Change(roles=[role], zones=["us"]), actor="test")
        person.set_password("a password of theirs")
        person.save()
        TOTP.activate(person, generate_totp_secret())
    client = Client()
    client.force_login(person)
    shows_second_factor(client, person)
    return client


@pytest.fixture(scope="module")
def browser(inside: Path) -> Any:
    """A program manager's."""
    return somebody("pia", "program_manager")


@pytest.fixture(scope="module")
def lead(inside: Path) -> Any:
    return somebody("lena", "lead")


def page(browser: Any, address: str = "/launches/") -> str:
    answer = browser.get(address)
    assert answer.status_code == 200
    return str(answer.content.decode())


def pressed(browser: Any, address: str, **fields: str) -> str:
    answer = browser.post(address, fields, follow=True)
    assert answer.redirect_chain == [("/launches/", 302)]
    return str(answer.content.decode())


def test_a_rule_is_switched_off_and_on(browser: Any) -> None:
    from tidegate.server.launches.decider import decider
    from tidegate.server.ledger.models import Entry
    from tidegate.server.people.models import User
    from tidegate.server.zones.scope import EVERYWHERE, within

    assert "Nothing is switched off." in page(browser)
    assert '<option value="rule:unwanted">' in page(browser)
    assert '<option value="rule:otherwise">' not in page(browser)
    told = pressed(browser, "/launches/switch-off", what="rule:unwanted", reason="it stops <b>tea</b>")
    assert "rule unwanted is off." in told
    assert "it stops &lt;b&gt;tea&lt;/b&gt;" in told
    assert "unwanted" not in {rule.id for rule in decider().strategy.rules}
    assert "rule unwanted is on again." in pressed(browser, "/launches/switch-on", what="rule:unwanted")
    assert "unwanted" in {rule.id for rule in decider().strategy.rules}
    with within(EVERYWHERE):
        actor = User.objects.get(username="pia").actor
        acts = Entry.objects.filter(subject="switch:rule:counting:unwanted").values_list("actor", "act")
    assert list(acts) == [(actor, "switch.off"), (actor, "switch.on")]


@pytest.mark.parametrize(
    ("address", "fields", "says"),
    [
        ("switch-off", {"what": "rule:unwanted", "reason": " "}, "Say what to switch off, and why."),
        ("switch-off", {"what": "nothing:x", "reason": "y"}, "Say what to switch off, and why."),
        ("switch-off", {"what": "rule:unwantd", "reason": "y"}, "Did you mean &#x27;unwanted&#x27;?"),
        ("switch-on", {"what": "detector:text"}, "detector text is not switched off."),
        ("counting/99/activate", {"reason": "y"}, "there is no version 99 of a strategy"),
        ("proposals/99/agree", {}, "nobody asks for this any more."),
    ],
)
def test_what_does_not_fit_is_told(browser: Any, address: str, fields: dict[str, str], says: str) -> None:
    assert says in pressed(browser, f"/launches/{address}", **fields)


def text_with(inside: Path, views: int) -> str:
    return (inside / "strategies" / "text.yaml").read_text().replace(">= 1000", f">= {views}")


def published(browser: Any, text: str, **fields: str) -> tuple[int, str]:
    told = pressed(browser, "/launches/draft", text=text, do="publish", message="rarer", **fields)
    said = re.search(r"counting (\d+) is published\.", told)
    assert said is not None
    return int(said.group(1)), told


def test_a_version_decides_after_a_second_person_has_agreed(browser: Any, lead: Any, inside: Path) -> None:
    number, told = published(browser, text_with(inside, 2000).replace("\n", "\r\n"), activate="on")
    assert f"counting {number} waits for a second person." in told
    assert "You asked for it, so somebody else must agree." in told
    shown = page(browser, f"/launches/counting/{number}/")
    assert "What is different from counting 1" in shown
    assert "The rule popular: when item.views &gt;= 1000 → item.views &gt;= 2000." in shown
    agree = re.search(r"/launches/proposals/\d+/agree", page(lead))
    assert agree is not None
    assert "whoever asked cannot agree" in pressed(browser, agree.group())
    assert active_number() == 1
    assert f"counting {number} decides now." in pressed(lead, agree.group())
    assert active_number() == number
    assert acts_on(number) == [
        ("pia", "strategy.published"),
        ("pia", "strategy.proposed"),
        ("lena", "strategy.agreed"),
        ("lena", "strategy.activated"),
    ]


def test_nothing_is_published_or_asked_for_without_a_reason(browser: Any, inside: Path) -> None:
    from tidegate.server.launches.models import StrategyVersion

    before = StrategyVersion.objects.count()
    asked = {"text": text_with(inside, 2100), "do": "publish", "message": " ", "activate": "on"}
    told = browser.post("/launches/draft", asked).content.decode()
    assert "Say why: nothing is published without a reason." in told
    assert "2100" in told  # what was written is still there
    assert StrategyVersion.objects.count() == before
    number, _ = published(browser, text_with(inside, 2100))
    assert "Say why: a second person is asked" in pressed(browser, f"/launches/counting/{number}/activate")
    assert "Waiting for a second person" not in page(browser)


def test_those_who_may_see_people_read_who_it_was(browser: Any, inside: Path) -> None:
    from tidegate.server.people.models import User

    actor = User.objects.get(username="pia").actor
    number, told = published(browser, text_with(inside, 2150))
    assert re.search(rf"counting {number}</a></td>(.|\n)*?<td>pia</td>", told)
    assert actor not in told
    assert actor in page(somebody("hidden", "senior"))


def test_to_go_back_needs_nobody_else_and_to_go_forward_again_does(browser: Any) -> None:
    now = active_number()
    assert "counting 1 decides now." in pressed(browser, "/launches/counting/1/activate")
    # Back to where one came from, as often as one likes: both were agreed to.
    pressed(browser, f"/launches/counting/{now}/activate")
    pressed(browser, "/launches/counting/1/activate")
    assert active_number() == 1
    assert browser.get("/launches/counting/99/").status_code == 404


def test_a_second_person_says_no_and_whoever_asked_takes_it_back(
    browser: Any, lead: Any, inside: Path
) -> None:
    number, _ = published(browser, text_with(inside, 3000))
    for who, reason in ((lead, "too few"), (browser, "a slip")):
        ask = f"/launches/counting/{number}/activate"
        assert f"counting {number} waits for a second person." in pressed(browser, ask, reason="rarer still")
        assert "somebody has asked for" in pressed(browser, ask, reason="again")
        decline = re.search(r"/launches/proposals/\d+/decline", page(who))
        assert decline is not None
        assert f"counting {number} will not decide." in pressed(who, decline.group(), reason=reason)
    assert active_number() == 1
    assert [act for _, act in acts_on(number)][-1] == "strategy.declined"


def test_only_who_asked_or_may_agree_says_no(browser: Any, inside: Path) -> None:
    published(browser, text_with(inside, 4000), activate="on")
    senior = somebody("sen", "senior")
    decline = re.search(r"/launches/proposals/\d+/decline", page(browser))
    assert decline is not None
    assert senior.post(decline.group()).status_code == 403
    pressed(browser, decline.group())


def test_a_site_of_one_person_can_do_without(browser: Any, inside: Path) -> None:
    path = inside / "tidegate.toml"
    before = path.read_text()
    path.write_text(before + "\n[launches]\nfour_eyes = false\n")
    try:
        number, _ = published(browser, text_with(inside, 5000), activate="on")
        assert active_number() == number
    finally:
        path.write_text(before)
    pressed(browser, "/launches/counting/1/activate")


@pytest.mark.parametrize(
    ("section", "says"),
    [("four_eyes = 1", "this must be true or false"), ("four_eye = true", "Did you mean 'four_eyes'?")],
)
def test_settings_that_are_none_are_told(tmp_path: Path, section: str, says: str) -> None:
    from tidegate.errors import WorkspaceError
    from tidegate.server.launches.four_eyes import four_eyes

    (tmp_path / "tidegate.toml").write_text(f"[launches]\n{section}\n")
    with pytest.raises(WorkspaceError, match=re.escape(says)):
        four_eyes(tmp_path)


def sent(*views: int) -> None:
    from tidegate.server.content.actions import take_in
    from tidegate.server.content.arrivals import CONTENT, Arrival
    from tidegate.server.zones.scope import EVERYWHERE, within

    content = dict.fromkeys(CONTENT) | {"kind": "text", "text": "the tide", "market": "US", "language": "en"}
    with within(EVERYWHERE):
        take_in([Arrival("key:test", "us", f"seen-{count}", content, count) for count in views])


def test_a_draft_is_tried_on_live_traffic_and_kept_when_it_is_none(lead: Any, inside: Path) -> None:
    from tidegate.server.ledger.models import Entry
    from tidegate.server.zones.scope import EVERYWHERE, within

    sent(900, 1200, 1500, 2500)
    browser = somebody("pol", "policy")
    asked = {"zone": "us", "size": "1000", "do": "try"}
    tried = browser.post("/launches/draft", asked | {"text": text_with(inside, 2000)}).content.decode()
    assert "The rule popular: when item.views &gt;= 1000 → item.views &gt;= 2000." in tried
    flips = re.search(r"Items that flip <strong>(\d+)</strong>", tried)
    assert flips is not None
    assert flips.group(1) == "2"
    assert set(re.findall(r"/items/us/(seen-\d+)", tried)) == {"seen-1200", "seen-1500"}
    assert "No answer of the audit speaks of these items yet" in tried
    with within(EVERYWHERE):
        assert Entry.objects.filter(act="decisions.exported", zone="us").exists()
    broken = browser.post("/launches/draft", asked | {"text": "strategy: ["}).content.decode()
    assert re.search(r"Line \d+: this is no YAML", broken)
    assert "strategy: [</textarea>" in broken
    for wrong in ({"zone": "eu"}, {"size": "7"}):
        answer = browser.post("/launches/draft", asked | {"text": text_with(inside, 2000)} | wrong)
        assert "Choose a zone, and on how many decisions to try." in answer.content.decode()


def test_whoever_sees_no_items_gets_counts_without_examples(browser: Any, inside: Path) -> None:
    number, _ = published(browser, text_with(inside, 2200))
    asked = {"zone": "us", "size": "1000"}
    tried = browser.post(f"/launches/counting/{number}/try", asked).content.decode()
    assert "Flips by rule" in tried
    assert "/items/us/" not in tried
    assert browser.post("/launches/counting/99/try", asked).status_code == 404


def active_number() -> int:
    from tidegate.server.launches.reads import active

    found = active()
    assert found is not None
    return found[1].number


def acts_on(number: int) -> list[tuple[str, str]]:
    from tidegate.server.ledger.models import Entry
    from tidegate.server.people.models import User
    from tidegate.server.zones.scope import EVERYWHERE, within

    with within(EVERYWHERE):
        names = {person.actor: person.username for person in User.objects.all()}
        acts = Entry.objects.filter(subject=f"strategy:counting:{number}").order_by("number")
        return [(names.get(actor, actor), act) for actor, act in acts.values_list("actor", "act")]

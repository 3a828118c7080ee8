"""The page of launches: what it shows, and what each button does, in the name of whoever pressed it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.server.test_walk import shows_second_factor

pytestmark = pytest.mark.usefixtures("inside")


@pytest.fixture(scope="module")
def browser(inside: Path) -> Any:
    """A programme manager who has shown a second factor."""
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
    from django.test import Client

    from tidegate.server.people.persons import Change, set_person
    from tidegate.server.zones.scope import EVERYWHERE, within

    with within(EVERYWHERE):
        person, _ = set_person("pia", Change(roles=["program_manager"], zones=["us"]), actor="test")
        person.set_password("a password of theirs")
        person.save()
        TOTP.activate(person, generate_totp_secret())
    client = Client()
    client.force_login(person)
    shows_second_factor(client, person)
    return client


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
        ("publish", {"text": "strategy: [", "message": "y"}, "this is no YAML"),
        ("counting/99/activate", {}, "there is no version 99 of a strategy &#x27;counting&#x27;."),
    ],
)
def test_what_does_not_fit_is_told(browser: Any, address: str, fields: dict[str, str], says: str) -> None:
    assert says in pressed(browser, f"/launches/{address}", **fields)


def test_a_version_is_published_compared_and_let_decide(browser: Any, inside: Path) -> None:
    text = (inside / "strategies" / "text.yaml").read_text().replace(">= 1000", ">= 2000")
    told = pressed(browser, "/launches/publish", text=text.replace("\n", "\r\n"), message="rarer")
    said = re.search(r"counting (\d+) is published\.", told)
    assert said is not None
    number = int(said.group(1))
    assert active_number() == 1
    shown = page(browser, f"/launches/counting/{number}/")
    assert "What is different from counting 1" in shown
    assert "The rule popular: when item.views &gt;= 1000 → item.views &gt;= 2000." in shown
    told = pressed(browser, f"/launches/counting/{number}/activate")
    assert f"counting {number} decides now." in told
    assert active_number() == number
    pressed(browser, "/launches/counting/1/activate")
    assert browser.get("/launches/counting/99/").status_code == 404


def active_number() -> int:
    from tidegate.server.launches.reads import active

    found = active()
    assert found is not None
    return found[1].number

"""Four eyes: the same rule by the API and by commands as on the pages, and what is missing is said."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.server.test_launches_page import active_number, acts_on, pressed, somebody, text_with

pytestmark = pytest.mark.usefixtures("inside")
WHO = "(lead, program_manager)"


class Key:
    """A key of the API that may launch."""

    def __init__(self, name: str, maker: str = "test", zone: str = "us") -> None:
        from django.test import Client

        from tidegate.server.people.keys import make_key
        from tidegate.server.zones.scope import EVERYWHERE, within

        with within(EVERYWHERE):
            key = make_key(name, zone, ["launches"], actor=maker)
        self.client = Client(headers={"authorization": f"Bearer {key}"})

    def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        sent = "" if body is None else json.dumps(body)
        answer = self.client.generic(method, f"/api/v1{path}", sent, content_type="application/json")
        return answer.status_code, answer.json()


@pytest.fixture(scope="module")
def key(inside: Path) -> Key:
    return Key("pipeline")


@pytest.fixture(scope="module")
def lead(inside: Path) -> Any:
    return somebody("lena", "lead")


@pytest.fixture
def command(inside: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    from tidegate.cli.main import tidegate_command
    from tidegate.server import boot
    from tidegate.server.zones.scope import EVERYWHERE, within

    monkeypatch.setattr(boot, "boot", lambda workspace: None)  # it is set up, over the database of this test

    def run(*arguments: str) -> Any:
        with within(EVERYWHERE):
            return CliRunner().invoke(tidegate_command, [*arguments, "--workspace", str(inside)])

    return run


def agreed(browser: Any) -> str:
    found = re.search(r"/launches/proposals/\d+/agree", browser.get("/launches/").content.decode())
    assert found is not None
    return pressed(browser, found.group())


def test_a_key_activates_nothing_new_alone_and_is_told_what_is_missing(key: Key, inside: Path) -> None:
    count = len(key("GET", "/strategies")[1]["versions"])
    status, problem = key("POST", "/strategies", {"text": text_with(inside, 5000), "message": "rarer"})
    assert (status, problem["field"]) == (409, "activate")
    assert problem["detail"] == "a new version of 'counting' decides only after a second person has agreed"
    assert "activate: false" in problem["remedy"]
    assert WHO in problem["remedy"]
    assert len(key("GET", "/strategies")[1]["versions"]) == count
    made = key("POST", "/strategies", {"text": text_with(inside, 5000), "message": "x", "activate": False})[1]
    status, problem = key("POST", f"/strategies/counting/{made['version']}/activate")
    assert (status, problem["field"]) == (409, "version")
    assert f"POST /api/v1/strategies/counting/{made['version']}/proposals" in problem["remedy"]
    assert active_number() == 1


def test_a_key_asks_a_person_agrees_and_going_back_needs_nobody(key: Key, lead: Any, inside: Path) -> None:
    made = key("POST", "/strategies", {"text": text_with(inside, 6000), "message": "x", "activate": False})[1]
    number = made["version"]
    status, asked = key("POST", f"/strategies/counting/{number}/proposals", {"reason": "rarer still"})
    assert (status, asked["state"], asked["asked_by"]) == (200, "waiting", "key:pipeline")
    assert key("POST", f"/strategies/counting/{number}/proposals", {"reason": "again"})[0] == 409
    assert key("POST", f"/strategies/counting/{number}/activate")[0] == 409
    assert f"counting {number} decides now." in agreed(lead)
    assert key("GET", f"/proposals/{asked['id']}")[1]["state"] == "agreed"
    assert key("POST", f"/strategies/counting/{number}/activate")[0] == 200  # it decides already
    assert key("POST", "/strategies/counting/1/activate")[0] == 200
    assert active_number() == 1
    assert acts_on(number)[:4] == [
        ("key:pipeline", "strategy.published"),
        ("key:pipeline", "strategy.proposed"),
        ("lena", "strategy.agreed"),
        ("lena", "strategy.activated"),
    ]


def test_whoever_made_the_key_is_no_second_person_to_it(lead: Any, inside: Path) -> None:
    from tidegate.server.people.models import User
    from tidegate.server.zones.scope import EVERYWHERE, within

    with within(EVERYWHERE):
        maker = User.objects.get(username="lena").actor
    own = Key("lenas", maker)
    made = own("POST", "/strategies", {"text": text_with(inside, 7000), "message": "x", "activate": False})[1]
    asked = own("POST", f"/strategies/counting/{made['version']}/proposals", {"reason": "mine"})[1]
    assert "whoever asked cannot agree" in agreed(lead)
    status, problem = Key("another")("DELETE", f"/proposals/{asked['id']}")
    assert (status, problem["detail"]) == (409, "this key did not ask for it")
    assert own("DELETE", f"/proposals/{asked['id']}")[1]["state"] == "declined"
    assert own("DELETE", f"/proposals/{asked['id']}")[0] == 409
    assert own("GET", "/proposals/999")[0] == 404


def test_nor_to_a_key_of_a_zone_that_they_do_not_see_any_more(lead: Any, inside: Path) -> None:
    from tidegate.server.people.models import User
    from tidegate.server.zones.scope import EVERYWHERE, within

    with within(EVERYWHERE):
        maker = User.objects.get(username="lena").actor
    own = Key("lenas-eu", maker, zone="eu")
    made = own("POST", "/strategies", {"text": text_with(inside, 7500), "message": "x", "activate": False})[1]
    asked = own("POST", f"/strategies/counting/{made['version']}/proposals", {"reason": "mine"})[1]
    assert "whoever asked cannot agree" in agreed(lead)
    assert own("DELETE", f"/proposals/{asked['id']}")[1]["state"] == "declined"


def test_commands_ask_too_and_say_so(command: Any, lead: Any, inside: Path) -> None:
    path = inside / "strategies" / "rarer.yaml"
    path.write_text(text_with(inside, 8000))
    alone = command("publish", str(path), "--message", "rarer")
    assert alone.exit_code != 0
    assert "second person" in str(alone.exception)
    stored = command("publish", str(path), "--message", "rarer", "--hold")
    assert stored.exit_code == 0, stored.exception
    number = stored.output.split()[1]
    alone = command("activate", "counting", number)
    assert f"tidegate propose counting {number} --because WHY" in str(alone.exception.remedy)
    asked = command("propose", "counting", number, "--because", "too many")
    assert asked.output == f"counting {number}: waits at /launches/ for somebody else {WHO}\n"
    assert f"counting {number} decides now." in agreed(lead)
    assert command("activate", "counting", "1").exit_code == 0
    assert active_number() == 1
    path.unlink()

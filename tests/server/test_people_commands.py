"""The commands by which an operator adds people, holds and erases, over the running service itself."""

from __future__ import annotations

import re
import uuid
from typing import Any

import httpx
import pytest


def name() -> str:
    return f"p-{uuid.uuid4().hex[:8]}"


def test_the_first_person_gets_in_by_the_link_that_is_printed(service: Any) -> None:
    who = name()
    made = service.command("person", who, "--role", "moderator", "--zone", "us")
    assert made.returncode == 0, made.stderr
    path = made.stdout.strip().removeprefix("http://127.0.0.1:8080")
    with httpx.Client(base_url=service.url, follow_redirects=True, timeout=60) as browser:

        def send(address: str, **form: str) -> httpx.Response:
            token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', browser.get(address).text)
            assert token is not None
            return browser.post(address, data={"csrfmiddlewaretoken": token.group(1), **form})

        chosen = browser.get(path)
        password = "tide and gate and river"
        assert "chosen" in send(chosen.url.path, password1=password, password2=password).text
        home = send("/account/login/", login=who, password=password)
        assert f"Hello {who}" in home.text
        assert browser.cookies.get("session")
        for file in ("tidegate/pages.css", "mfa/js/webauthn.js", "account/js/onload.js"):
            assert browser.get(f"/static/{file}").status_code == 200
        assert send("/account/", language="zh-hans", time_zone="Asia/Shanghai").url.path == "/account/"
        assert "审核员" in browser.get("/").text
        # Without the token that a page of ours holds nothing is done in somebody's name.
        assert browser.post("/account/logout/").status_code == 403
        assert service.command("person", who, "--deactivate").returncode == 0
        assert browser.get("/").url.path == "/account/login/"
    listed = service.command("person", "--list").stdout
    assert re.search(rf"{who}.*moderator.*us.*no", listed)


@pytest.mark.parametrize(
    "change",
    [
        ["--link"],
        ["--lost-second-factor"],
        ["--deactivate"],
        ["--activate"],
        ["--drop-role", "lead"],
        ["--drop-zone", "us"],
        ["--erase"],
    ],
    ids=" ".join,
)
def test_a_change_adds_nobody_who_is_not_there(service: Any, change: list[str]) -> None:
    who = name()
    done = service.command("person", who, *change)
    assert done.returncode == 2
    assert "there is nobody named" in done.stderr
    assert who not in service.command("person", "--list").stdout


def test_an_address_that_is_none_is_told(service: Any) -> None:
    done = service.command("person", name(), "--email", "ana")
    assert done.returncode == 2
    assert "field 'email'" in done.stderr
    assert "such as ana@example.com" in done.stderr


def test_the_table_of_roles_is_the_one_in_the_file(service: Any) -> None:
    from tidegate.server.people.roles import RIGHTS, ROLES

    shown = service.command("person", "--matrix").stdout
    assert shown.splitlines()[0].split() == list(ROLES)
    assert {line.split()[0] for line in shown.splitlines()[1:]} == {*RIGHTS, "needs_second_factor"}


def test_hold_and_erase(service: Any) -> None:
    author = name()
    with service.client() as client:
        client.post("/items", json={"id": author, "text": "tea", "author_id": author}).raise_for_status()
        held = service.command("hold", "--zone", "us", "--author", author, "--reason", "case 12")
        number = re.findall(r"\d+", held.stdout)[0]
        kept = service.command("erase", "--zone", "us", "--author", author)
        assert kept.returncode == 1
        assert "1 on hold" in kept.stderr
        assert client.get(f"/items/{author}").status_code == 200
        assert service.command("hold", "--release", number).returncode == 0
        done = service.command("erase", "--zone", "us", "--author", author)
        assert done.stdout == "1 item and 0 events erased\n"
        assert client.get(f"/items/{author}").status_code == 404
    again = service.command("erase", "--zone", "us", "--author", author)
    assert again.returncode == 0, "so that it can be run on each machine"
    assert f"nothing of author '{author}' in 'us'" in again.stderr


def test_the_worker_does_the_days_work_and_anchors_are_checked(service: Any) -> None:
    assert service.command("worker", "--once").returncode == 0
    assert (service.workspace / "anchors.jsonl").exists()
    assert "through 1 anchor" in service.command("ledger", "verify").stdout
    forged = service.workspace / "forged.jsonl"
    forged.write_text('{"number":1,"digest":"' + "0" * 64 + '","at":"2026-01-01"}\n')
    told = service.command("ledger", "verify", "--anchors", str(forged))
    assert told.returncode == 1
    assert "row 1 is not the one that was anchored at 2026-01-01" in told.stderr

"""Keys of integrations: what they may send, and what is known of them."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx


def made(service: Any, *options: str) -> tuple[str, str]:
    name = f"key-{uuid.uuid4().hex[:8]}"
    done = service.command("key", name, "--zone", "us", *options)
    assert done.returncode == 0, done.stderr
    return name, done.stdout.strip()


def items(number: int) -> dict[str, Any]:
    return {"items": [{"id": f"post-{uuid.uuid4()}", "text": "Tea."} for _ in range(number)]}


def test_no_more_than_the_limit_gets_through_however_many_send(service: Any) -> None:
    """Two processes, eight clients at once, twice as many items as the key may send."""
    _, key = made(service, "--scope", "items", "--per-minute", "60")
    started = time.monotonic()

    def send(_: int) -> httpx.Response:
        with service.client(key) as client:
            return client.post("/items", json=items(3))

    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(send, range(40)))
    taken_in = sum(len(one.json()["decisions"]) for one in answers if one.status_code == 200)
    filled_meanwhile = time.monotonic() - started
    assert 60 <= taken_in <= 60 + filled_meanwhile
    refused = [one for one in answers if one.status_code != 200]
    assert {one.status_code for one in refused} == {429}
    assert all(0 < int(one.headers["Retry-After"]) <= 3 for one in refused)
    assert all(one.json()["detail"] == "this key may send 60 items a minute" for one in refused)


def test_what_is_left_is_told_and_comes_back(service: Any) -> None:
    _, key = made(service, "--scope", "items", "--scope", "events", "--per-minute", "600")
    with service.client(key) as client:
        answer = client.post("/items", json=items(595))
        assert answer.headers["RateLimit-Policy"] == '"items";q=600;w=60'
        left = int(answer.headers["RateLimit"].split(";")[1].removeprefix("r="))
        assert 5 <= left < 60
        refused = client.post("/items", json=items(100))
        assert refused.status_code == 429
        time.sleep(int(refused.headers["Retry-After"]))
        assert client.post("/items", json=items(100)).status_code == 200


def test_more_than_ever_fits_is_told_so(service: Any) -> None:
    _, key = made(service, "--scope", "items", "--per-minute", "5")
    with service.client(key) as client:
        answer = client.post("/items", json=items(6))
    assert answer.status_code == 429
    assert answer.json()["remedy"] == "Send at most 5 together."
    assert "Retry-After" not in answer.headers


def test_a_key_without_a_limit_is_told_of_none(service: Any) -> None:
    with service.client() as client:
        assert "RateLimit" not in client.post("/items", json=items(1)).headers


def test_keys_are_listed_with_their_last_use_and_never_shown(service: Any) -> None:
    used, key = made(service, "--scope", "items", "--per-minute", "9")
    unused, other = made(service, "--scope", "events")
    with service.client(key) as client:
        client.post("/items", json=items(1)).raise_for_status()
    assert service.command("key", unused, "--revoke").returncode == 0
    listed = service.command("key", "--list").stdout
    assert key not in listed
    assert other not in listed
    mine, gone = (next(line for line in listed.splitlines() if name in line) for name in (used, unused))
    assert "never" not in mine
    assert "9" in mine
    assert "never" in gone
    assert listed.index(used) < listed.index(unused)


def test_the_help_names_every_scope(service: Any, django_workspace: Path) -> None:
    from tidegate.server.people.keys import SCOPES

    told = service.command("key", "--help").stdout
    assert [scope for scope in SCOPES if scope not in told] == []

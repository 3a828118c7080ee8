"""The bar at the top: each person finds the pages that they may open, and no others."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.server.test_walk import sessions  # noqa: F401

pytestmark = pytest.mark.usefixtures("inside")


def links(page: str) -> list[str]:
    found = re.search(r'<ul class="places">(.*?)</ul>', page, re.DOTALL)
    return re.findall(r'href="([^"]+)"', found.group(1)) if found else []


def test_every_place_in_the_bar_opens_and_what_is_missing_does_not(
    inside: Path,
    sessions: Any,  # noqa: F811
) -> None:
    from django.urls import reverse

    from tidegate.server.console.navigation import PLACES

    for (role, zone), client in sessions.items():
        if zone == "us":
            shown = links(client.get("/").content.decode())
            for place in PLACES:
                address = reverse(place.route)
                assert client.get(address).status_code == (200 if address in shown else 403), (role, address)


def test_where_one_is_is_marked(sessions: Any) -> None:  # noqa: F811
    client = sessions["program_manager", "us"]
    assert 'href="/launches/" aria-current="page"' in client.get("/launches/").content.decode()
    assert 'href="/launches/" aria-current="true"' in client.get("/launches/counting/1/").content.decode()
    assert "aria-current" not in client.get("/account/").content.decode()

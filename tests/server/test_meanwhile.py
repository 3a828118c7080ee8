"""What happens while something else is at work: exports stay whole, what is switched off acts no more."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("inside")


@pytest.fixture(autouse=True)
def scope(inside: Path) -> Iterator[None]:
    from tidegate.server.zones.scope import EVERYWHERE, within

    with within(EVERYWHERE):
        yield


def send(zone: str, *names: str, **content: Any) -> list[Any]:
    from tidegate.server.content.actions import take_in
    from tidegate.server.content.arrivals import CONTENT, Arrival

    plain = dict.fromkeys(CONTENT) | {"kind": "text", "text": "Tea at four?"} | content
    return take_in([Arrival("key:test", zone, name, plain, None) for name in names])


def test_an_item_that_is_edited_while_a_table_leaves_is_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from tidegate.server.exports import tables

    monkeypatch.setattr(tables, "AT_ONCE", 1)
    zone = f"z{uuid.uuid4().hex[:6]}"
    send(zone, "one", "two", "three")
    found = tables.export("items", zone, None, None)
    names = list(next(found.frames)["id"])
    send(zone, "two", text="Tea at five?")
    send(zone, "four")
    for frame in found.frames:
        names += list(frame["id"])
    assert names == ["one", "two", "three"]
    assert found.count == 3

"""The page of the ledger: people and items by what they are called, and no row's number of the database."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.server.test_launches_page import page, sent, somebody

pytestmark = pytest.mark.usefixtures("inside")


@pytest.fixture(scope="module")
def auditor(inside: Any) -> Any:
    return somebody("audrey", "auditor")


def test_items_are_called_by_the_platforms_id_and_lead_to_their_page(auditor: Any) -> None:
    sent(11, 12)
    told = page(auditor, "/ledger/")
    assert '<a href="/items/us/seen-11">seen-11</a> Version 1' in told
    assert page(auditor, "/items/us/seen-11")
    seen = page(auditor, "/ledger/")
    assert "item.seen" in seen
    assert "audrey" in seen


def test_numbers_of_rows_are_not_shown(auditor: Any) -> None:
    from tidegate.server.ledger.models import Entry
    from tidegate.server.zones.scope import EVERYWHERE, within

    sent(13)
    with within(EVERYWHERE):
        assert Entry.objects.filter(subject__startswith="item:").exists()
    assert not re.search(r"\b(item|delivery):\d", page(auditor, "/ledger/"))


def test_whoever_sees_no_content_reads_that_it_was_an_item(auditor: Any) -> None:
    sent(14)
    told = page(somebody("adam", "admin"), "/ledger/")
    assert "<td>item</td>" in told
    assert "seen-14" not in told

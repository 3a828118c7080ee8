"""Asking about what is held and was never asked: items that a version held before it had this console.

The daily work of a worker, so that an upgrade needs no step of its own, and what the old processes hold while
they still run is found too. To do it again changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Exists, F, Max, OuterRef, QuerySet

from tidegate.policy.ladder import Outcome
from tidegate.server.content.models import Decision, Item, ItemVersion
from tidegate.server.review.filling import ask
from tidegate.server.review.models import Kind, State, Task
from tidegate.server.review.policies import ladder

AT_ONCE = 500
"""Items per transaction, so that nobody waits long for them."""

log = logging.getLogger("tidegate.worker")


def ask_about_held() -> int:
    """Ask what is to be done about each item that is held without an open question. Returns how many.

    A question is as old as the decision that holds the item, and its place in the queue is by that. Content
    that is erased, or waits for signals, is left.
    """
    last, asked = 0, 0
    while numbers := list(
        _unasked().filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]
    ):
        last = numbers[-1]
        asked += _ask(numbers)
    if asked:
        log.info("%d items were held and nobody was asked about them; now somebody is", asked)
    return asked


def _ask(numbers: Sequence[int]) -> int:
    with transaction.atomic():
        # As whoever decides on them does: what is decided meanwhile is looked at anew.
        list(Item.objects.select_for_update(no_key=True).filter(pk__in=numbers).order_by("pk"))
        newest = Decision.objects.filter(item__in=_unasked().filter(pk__in=numbers)).order_by()
        standing = newest.values("item").annotate(newest=Max("pk")).values("newest")
        decisions = Decision.objects.filter(pk__in=list(standing.values_list("newest", flat=True)))
        held = list(decisions.select_related("item").order_by("pk"))
        ask([(one, Kind(Kind.DECIDE)) for one in held])
    return len(held)


def _unasked() -> QuerySet[Item]:
    """Items whose standing decision holds what they are now, without an open question about it."""
    of_item = Decision.objects.filter(item=OuterRef("pk"), item_version=OuterRef("version"))
    open_questions = Task.objects.filter(
        item=OuterRef("pk"),
        item_version=OuterRef("version"),
        kind__in=(Kind.DECIDE, Kind.ARBITRATE),
        state=State.OPEN,
    )
    erased = ItemVersion.objects.filter(item=OuterRef("pk"), number=F("item__version"), salt=b"")
    return (
        Item.objects.filter(pending_since=None)
        .alias(standing=of_item.order_by("-pk").values("action")[:1])
        .filter(
            ~Exists(open_questions), ~Exists(erased), standing__in=sorted(ladder().with_outcome(Outcome.HELD))
        )
    )

"""The page of golds: which there are, how well they are found, marking and retiring."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
from django.conf import settings
from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tidegate.errors import RunError
from tidegate.server.people.access import Standing, open_to
from tidegate.server.people.wording import ROLE_NAMES
from tidegate.server.quality import golds
from tidegate.server.quality.accuracy import BY, FEWEST_PEOPLE, by_group, gold_answers, golds_left
from tidegate.server.quality.models import Because, Gold, How
from tidegate.server.review.clock import now
from tidegate.server.review.models import Answer, Kind, Skip
from tidegate.server.review.queues import AUDIT, queues
from tidegate.server.zones.scope import SITE

SHOWN = 200
DAYS = 90
"""Of answers that figures speak of."""
HOW = {
    How.ARBITRATION: gettext_lazy("by arbitration"),
    How.APPEAL: gettext_lazy("by an appeal"),
    How.AGREEMENT: gettext_lazy("two people or more agree"),
}
BECAUSE = {
    Because.WORN: gettext_lazy("worn: people know it"),
    Because.MISTAKEN: gettext_lazy("mistaken: its answer was wrong"),
    Because.ERASED: gettext_lazy("erased"),
}
GROUPS = {
    "queue": gettext_lazy("Queue"),
    "policy": gettext_lazy("Policy"),
    "language": gettext_lazy("Language"),
    "role": gettext_lazy("Role"),
}


@open_to("mark_golds")
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Every gold of one's zones, newest first, and how well they are found."""
    who = _standing(request)
    since = now() - timedelta(days=DAYS)
    asked = pl.concat([gold_answers(since), golds_left(since)])
    context = {
        "rows": list(_rows()),
        "shown": SHOWN,
        "zones": sorted(who.zones - {SITE}),
        "reasons": [(value, BECAUSE[value]) for value in golds.REASONS],
        "groups": [{"title": GROUPS[by], "rows": _named(by, asked)} for by in BY],
        "fewest": FEWEST_PEOPLE,
        "days": DAYS,
        "showing": sorted(_that_show_golds()),
    }
    return render(request, "quality/golds.html", context)


@open_to("mark_golds")
@require_POST
def mark(request: HttpRequest) -> HttpResponse:
    """Mark the item that was named."""
    zone, item = request.POST.get("zone", ""), request.POST.get("item", "").strip()

    def work(who: Standing) -> str:
        made = golds.mark(zone, item, who.person)
        return _("%(item)s is a gold.") % {"item": made.item.external_id}

    return _done(request, work)


@open_to("mark_golds")
@require_POST
def retire(request: HttpRequest, gold: int) -> HttpResponse:
    """Retire a gold for the reason that was chosen."""

    def work(who: Standing) -> str:
        retired = golds.retire(gold, request.POST.get("because", ""), who.person)
        return _("%(item)s is asked of nobody any more.") % {"item": retired.item.external_id}

    return _done(request, work)


def _rows() -> Iterator[dict[str, Any]]:
    found = list(Gold.objects.select_related("item").order_by("retired_at", "-pk")[:SHOWN])
    items = [gold.item_id for gold in found]
    answered = Answer.objects.filter(task__kind=Kind.GOLD, item__in=items, undone_at=None)
    left = Skip.objects.filter(task__kind=Kind.GOLD, task__item__in=items)
    answers = dict(answered.values_list("item_id").annotate(Count("pk")))
    passed = dict(left.values_list("task__item_id").annotate(Count("pk")))
    for gold in found:
        yield {
            "gold": gold,
            "how": HOW[How(gold.how)],
            "answers": answers.get(gold.item_id, 0),
            "left": passed.get(gold.item_id, 0),
            "current": golds.is_current(gold),
            "because": BECAUSE[Because(gold.retired_because)] if gold.retired_because else None,
        }


def _named(by: str, asked: pl.DataFrame) -> list[dict[str, Any]]:
    return [
        {"name": ROLE_NAMES.get(one.value, one.value) if by == "role" else one.value, "accuracy": one}
        for one in by_group(asked, by)
    ]


def _that_show_golds() -> Iterator[str]:
    """Queues in which golds stand out, since every other task shows what the machine found."""
    for name, one in queues(Path(settings.WORKSPACE)).items():
        if one.gold and one.assist == 1 and name != AUDIT:
            yield name


def _done(request: HttpRequest, work: Callable[[Standing], str]) -> HttpResponse:
    try:
        messages.success(request, work(_standing(request)))
    except RunError as error:
        messages.error(request, f"{error.what}. {error.remedy or ''}")
    return redirect("golds")


def _standing(request: HttpRequest) -> Standing:
    found: Standing = request.standing  # type: ignore[attr-defined]
    return found

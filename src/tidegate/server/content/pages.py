"""One item, as people see it. The console builds on it."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tidegate.server.content.arrivals import CONTENT
from tidegate.server.content.reads import see_item
from tidegate.server.people.access import Standing, open_to


@open_to("see_content")
@require_safe
def item(request: HttpRequest, zone: str, external_id: str) -> HttpResponse:
    """What was sent, and what was decided on it. That it was seen is recorded."""
    who: Standing = request.standing  # type: ignore[attr-defined]
    found = see_item(zone, external_id, actor=who.person.actor)
    if found is None:
        raise Http404
    one, version, decisions, pending = found
    content = {name: getattr(version, name) for name in CONTENT}
    told = {"item": one, "content": content, "decisions": decisions, "pending": pending}
    return render(request, "content/item.html", told)

"""The page of near-duplicates: one decision for several open questions, each answered by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tidegate.errors import RunError, Where
from tidegate.server.care.preferences import shown_to
from tidegate.server.content.models import ItemVersion
from tidegate.server.people.access import open_to
from tidegate.server.review import leasing, leaving
from tidegate.server.review.alike import alike
from tidegate.server.review.answering import UNDO, answer, undo
from tidegate.server.review.assisting import assisted
from tidegate.server.review.given import given_from, uuid_of
from tidegate.server.review.models import Answer, State, Task
from tidegate.server.review.pages import Body, asked_by_script, language, reviewer_at
from tidegate.server.review.policies import told
from tidegate.server.review.reviewers import Reviewer


@open_to("review")
@require_safe
def page(request: HttpRequest, handle: UUID) -> HttpResponse:
    """A task that one holds, its near-duplicates, and what one decides about those that are ticked."""
    who, window = reviewer_at(request), uuid4()
    task = Task.objects.filter(handle=handle, leased_to=who.person, state=State.OPEN).first()
    if task is None:
        return redirect("review")
    found = alike(who, task, window)
    how = shown_to(who.person)
    text = ItemVersion.objects.get(item=task.item_id, number=task.item_version).text
    context = {
        "task": task,
        "text": text,
        "found": found,
        "covered": any(how(one)["mask"] for one in (task, *(each.task for each in found))),
        "start": {
            "bulk": str(uuid4()),
            "policies": told(language()),
            "undo_ms": int(UNDO.total_seconds() * 1000),
            "words": _words(),
        },
    }
    return render(request, "review/alike.html", context)


@asked_by_script
def answered(who: Reviewer, body: Body) -> Mapping[str, Any]:
    """One of the answers. Its task must be with whoever answers, and one of those that the page can show."""
    given = given_from(body)
    if given.bulk is None:
        raise RunError(
            "an answer here names its decision", where=Where(field="bulk"), remedy="Load the page anew."
        )
    task = Task.objects.filter(handle=given.handle, leased_to=who.person, state=State.OPEN).first()
    if (task is None or not assisted(task)) and not Answer.objects.filter(key=given.key).exists():
        raise leaving.NotYoursError(
            _("it is not with you any more"), where=Where(field="handle"), remedy=_("Nothing was changed.")
        )
    return {"came": answer(who, given).came}


@asked_by_script
def renewed(who: Reviewer, body: Body) -> Mapping[str, Any]:
    """Hold for longer what one holds."""
    return {"held": leasing.renew(who)}


@asked_by_script
def taken_back(who: Reviewer, body: Body) -> Mapping[str, Any]:
    """Take one of the answers back."""
    undo(who, uuid_of(body, "key"))
    return {}


def _words() -> dict[str, str]:
    return {
        "fine": _("Fine"),
        "no_clause": _("None in particular"),
        "decided": _("decided"),
        "waiting": _("others answer too"),
        "late": _("decided meanwhile; kept as a label"),
        "unsent": _("not sent: no connection"),
        "undone": _("taken back"),
        "again": _("Send the rest again"),
        "signed_out": _("You are signed out. Sign in, and begin anew."),
    }

"""The review screen, and what its script asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import wraps
from typing import Any
from uuid import UUID, uuid4

import orjson
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tidegate.errors import RunError, Where
from tidegate.server.care.state import state
from tidegate.server.people.access import Standing, open_to
from tidegate.server.people.content_security import HEADER
from tidegate.server.people.models import User
from tidegate.server.quality.who import reviewers_beside
from tidegate.server.review import keys as keymaps
from tidegate.server.review import leasing, leaving, media
from tidegate.server.review.answering import UNDO, Came, Outcome, answer, undo
from tidegate.server.review.assisting import looks_blind
from tidegate.server.review.given import Given, given_from, screen_of, uuid_of
from tidegate.server.review.models import Task
from tidegate.server.review.moved import moved
from tidegate.server.review.policies import told
from tidegate.server.review.progress import progress
from tidegate.server.review.reviewers import Reviewer, reviewer_of
from tidegate.server.review.showing import shown
from tidegate.server.review.words import reasons, waits, words

Body = Mapping[str, Any]


@open_to("review")
@require_safe
def review(request: HttpRequest) -> HttpResponse:
    """The screen, with the first tasks and all that its script needs."""
    who, window = reviewer_at(request), uuid4()
    context = {
        "reasons": reasons(),
        "waits": waits(),
        "colleagues": _colleagues(who),
        "start": {
            "person": who.person.actor,
            "tasks": shown(leasing.lease(who, window=window), who.person),
            "window": str(window),
            "care": state(who.person),
            "policies": told(language()),
            "progress": progress(who.person),
            "keys": keymaps.keymap(who.person),
            "words": words(),
            "undo_ms": int(UNDO.total_seconds() * 1000),
        },
    }
    response = render(request, "review/review.html", context)
    response[HEADER] = media.policy()
    return response


@open_to("review")
@require_http_methods(["GET", "HEAD", "POST"])
def keys(request: HttpRequest) -> HttpResponse:
    """One's own keys."""
    who = reviewer_at(request)
    given = keymaps.keymap(who.person)
    problem = None
    if request.method == "POST":
        given = {name: request.POST.get(name, "") for name in keymaps.DEFAULT}
        try:
            keymaps.set_keymap(who.person, {} if "usual" in request.POST else given)
        except RunError as error:
            problem = error
        else:
            messages.success(request, _("Saved."))
            return HttpResponseRedirect(request.path)
    said = words()
    rows = [
        {"name": name, "said": said[name], "key": given[name], "usual": usual}
        for name, usual in keymaps.DEFAULT.items()
    ]
    wrong = None if problem is None else problem.where.field
    return render(request, "review/keys.html", {"rows": rows, "problem": problem, "wrong": wrong})


def asked_by_script(
    work: Callable[[Reviewer, Body], Mapping[str, Any]],
) -> Callable[[HttpRequest], HttpResponse]:
    """A call of the script: JSON in, JSON out; what is wrong comes with the field and a remedy."""

    @open_to("review")
    @require_POST
    @wraps(work)
    def view(request: HttpRequest) -> HttpResponse:
        try:
            body = orjson.loads(request.body or b"{}")
            if not isinstance(body, dict):
                raise RunError("this is no object", remedy="Load the page anew.")
            return JsonResponse(work(reviewer_at(request), body))
        except orjson.JSONDecodeError:
            return JsonResponse({"detail": "this is no JSON", "remedy": "Load the page anew."}, status=400)
        except RunError as error:
            status = 409 if isinstance(error, leaving.NotYoursError) else 422
            told_back = {"detail": error.what, "field": error.where.field, "remedy": error.remedy}
            return JsonResponse(told_back, status=status)

    return view


def moving_on(work: Callable[[Reviewer, Body], Mapping[str, Any]]) -> Callable[[HttpRequest], HttpResponse]:
    """A call that is answered with what is next too. Which window asks is read first: of a call that names
    none, nothing is done."""

    @asked_by_script
    @wraps(work)
    def view(who: Reviewer, body: Body) -> Mapping[str, Any]:
        window = uuid_of(body, "window")
        return {**work(who, body), **_more(who, window, body)}

    return view


@moving_on
def take(who: Reviewer, body: Body) -> Mapping[str, Any]:
    """Hold what one holds for longer, and fill up."""
    return {}


@moving_on
def answered(who: Reviewer, body: Body) -> Mapping[str, Any]:
    """One answer; and what is next."""
    given = given_from(body)
    return {"came": _told(answer(who, given), given)}


def _told(outcome: Outcome, given: Given) -> Came:
    """What came of an answer. Of a task that shows nothing it is not told whether others are awaited, or it
    was late: of a blind one neither ever is."""
    if not looks_blind(outcome.answer.task):
        return outcome.came
    return Came.WAITING if given.second_opinion else Came.DECIDED


@moving_on
def taken_back(who: Reviewer, body: Body) -> Mapping[str, Any]:
    """Undo an answer; the task comes back."""
    task = undo(who, uuid_of(body, "key"))
    return {"task": shown([task], who.person)[0]}


@moving_on
def skipped(who: Reviewer, body: Body) -> Mapping[str, Any]:
    leaving.skip(who, uuid_of(body, "handle"), str(body.get("reason")), screen_of(body.get("screen")))
    return {}


@moving_on
def held(who: Reviewer, body: Body) -> Mapping[str, Any]:
    minutes = body.get("minutes")
    whole = minutes if isinstance(minutes, int) and abs(minutes) < 1_000_000 else 0
    leaving.hold(who, uuid_of(body, "handle"), timedelta(minutes=whole))
    return {}


@moving_on
def sent(who: Reviewer, body: Body) -> Mapping[str, Any]:
    name = body.get("to")
    to = next((one for one in _colleagues(who) if one.username == name), None)
    if to is None:
        raise RunError(
            "there is nobody of this name here",
            where=Where(field="to"),
            remedy="Choose somebody from the list.",
        )
    leaving.send(who, uuid_of(body, "handle"), to, _message(body))
    return {}


@moving_on
def escalated(who: Reviewer, body: Body) -> Mapping[str, Any]:
    leaving.escalate(who, uuid_of(body, "handle"), _message(body))
    return {}


@asked_by_script
def words_moved(who: Reviewer, body: Body) -> Mapping[str, Any]:
    """Which words moved the scores of tasks that one holds; nothing of those that show none."""
    return {"moved": moved(leasing.held_by(who.person, _handles(body, "of")))}


@asked_by_script
def returned(who: Reviewer, body: Body) -> Mapping[str, Any]:
    """Give back what this window has not shown, since it closes: others get it, and it is no exposure."""
    return {"returned": leasing.release_unseen(who.person, _handles(body, "unseen"), uuid_of(body, "window"))}


def _handles(body: Body, name: str) -> list[UUID]:
    return [uuid_of({"handle": one}, "handle") for one in _words_of(body, name)]


def _more(who: Reviewer, window: UUID, body: Body) -> Mapping[str, Any]:
    """Tasks that the screen has not got yet, and which it has that are not this person's any more."""
    have = set(_words_of(body, "have"))
    mine: list[Task] = leasing.lease(who, window=window)
    handles = {str(task.handle) for task in mine}
    return {
        "tasks": shown([task for task in mine if str(task.handle) not in have], who.person),
        "gone": sorted(have - handles),
        "progress": progress(who.person),
        "care": state(who.person),
    }


def _words_of(body: Body, name: str) -> list[str]:
    told = body.get(name)
    return [one for one in told if isinstance(one, str)] if isinstance(told, list) else []


def _message(body: Body) -> str:
    message = body.get("message")
    return message.replace("\x00", "")[:1_000] if isinstance(message, str) else ""


def reviewer_at(request: HttpRequest) -> Reviewer:
    found: Standing = request.standing  # type: ignore[attr-defined]
    return reviewer_of(found)


def _colleagues(who: Reviewer) -> list[User]:
    """Those who share a zone with somebody and review too."""
    return list(reviewers_beside(who.zones).exclude(pk=who.person.pk))


def language() -> str:
    return "zh" if (translation.get_language() or "").startswith("zh") else "en"

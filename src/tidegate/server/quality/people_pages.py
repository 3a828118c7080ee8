"""Pages of those who review: how their answers fare, and what each may be asked."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tidegate.errors import RunError
from tidegate.server.people.access import Standing, open_to
from tidegate.server.people.models import Role, User
from tidegate.server.people.wording import ROLE_NAMES
from tidegate.server.quality import assigning
from tidegate.server.quality.accuracy import FEWEST_PEOPLE
from tidegate.server.quality.certificates import known_certificates
from tidegate.server.quality.people import figures_by_group, figures_of
from tidegate.server.quality.who import reviewers_beside
from tidegate.server.review.clock import now
from tidegate.server.review.policies import written
from tidegate.server.review.reviewers import CERTIFICATE, LANGUAGE, POLICY, reviewer_named

DAYS = 28


@open_to("see_people")
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Everybody who reviews in one's zones, by name, and groups of them."""
    who, since = _standing(request), now() - timedelta(days=DAYS)
    people = list(reviewers_beside(who.zones))
    figures = figures_of([person.pk for person in people], since)
    roles: dict[str, set[int]] = defaultdict(set)
    for person, role in Role.objects.filter(person__in=people).values_list("person_id", "name"):
        roles[role].add(person)
    context = {
        "rows": [(person, figures.get(person.pk)) for person in people],
        "groups": [(ROLE_NAMES[role], found) for role, found in figures_by_group(roles, since).items()],
        "days": DAYS,
        "fewest": FEWEST_PEOPLE,
        "assign": who.may("assign"),
    }
    return render(request, "quality/people.html", context)


@open_to("assign")
@require_http_methods(["GET", "HEAD", "POST"])
def person(request: HttpRequest, number: int) -> HttpResponse:
    """What somebody may be asked: languages, policies, certificates; and what is reserved for them."""
    who, shown = _standing(request), _person(request, number)
    known = reviewer_named(shown)
    skills: dict[str, Any] = {
        LANGUAGE: sorted(known.languages),
        POLICY: sorted(known.policies),
        CERTIFICATE: sorted(known.certificates),
    }
    problem = None
    if request.method == "POST":
        said = request.POST.get(LANGUAGE, "").replace("，", ",").split(",")
        skills = {
            LANGUAGE: sorted({one.strip() for one in said if one.strip()}),
            POLICY: request.POST.getlist(POLICY),
            CERTIFICATE: request.POST.getlist(CERTIFICATE),
        }
        try:
            assigning.skill(shown, skills, who.person)
        except RunError as error:
            problem = error
        else:
            messages.success(request, _("Saved."))
            return redirect("reviewer", shown.pk)
    context = {
        "person": shown,
        "zones": sorted(known.zones & who.zones),
        "languages": ", ".join(skills[LANGUAGE]),
        "policies": [(name, name in skills[POLICY]) for name in written()],
        "certificates": [(name, name in skills[CERTIFICATE]) for name in known_certificates()],
        "reserved": assigning.reserved_for(shown).count(),
        "problem": problem,
        "wrong": None if problem is None else problem.where.field,
    }
    return render(request, "quality/person.html", context)


@open_to("assign")
@require_POST
def open_again(request: HttpRequest, number: int) -> HttpResponse:
    """Let everybody have what is reserved for somebody."""
    shown = _person(request, number)
    done = assigning.open_to_all(shown, _standing(request).person)
    messages.success(request, _("Open to all again: %(number)s.") % {"number": done})
    return redirect("reviewer", shown.pk)


def _person(request: HttpRequest, number: int) -> User:
    found = reviewers_beside(_standing(request).zones).filter(pk=number).first()
    if found is None:
        raise Http404
    return found


def _standing(request: HttpRequest) -> Standing:
    found: Standing = request.standing  # type: ignore[attr-defined]
    return found

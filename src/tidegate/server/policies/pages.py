"""Pages of policies: all of them, one as a reviewer and as a model reads it, and changing it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from tidegate.errors import RunError, TidegateError
from tidegate.policy.load import load_policy
from tidegate.policy.model import Policy
from tidegate.server.launches.decider import site
from tidegate.server.people.access import Standing, open_to
from tidegate.server.policies import writing
from tidegate.server.policies.markdown import as_html
from tidegate.server.policies.models import PolicyText
from tidegate.server.policies.writing import Draft, Tried

SEVERITIES = {
    "low": gettext_lazy("low"),
    "medium": gettext_lazy("medium"),
    "high": gettext_lazy("high"),
    "critical": gettext_lazy("critical"),
}
SHOWN = 20
"""Older versions that are listed."""


@open_to("see_content")
@require_safe
def policies(request: HttpRequest) -> HttpResponse:
    """Every policy of the workspace; one that is not whole is named, with what is wrong."""
    rows: list[dict[str, Any]] = []
    for path in sorted(writing.folder().glob("*.md")):
        try:
            policy = load_policy(path, site().workspace.ladder)
        except TidegateError as error:
            rows.append({"id": path.stem, "problem": writing.problems_of(error)[0]})
        else:
            rows.append(
                {
                    "id": policy.id,
                    "title": policy.title[_reads(policy)],
                    "severity": SEVERITIES[policy.severity.value],
                    "actions": policy.actions,
                    "version": policy.label.partition("@")[2],
                }
            )
    return render(request, "policies/policies.html", {"policies": rows})


@open_to("see_content")
@require_safe
def policy(request: HttpRequest, name: str) -> HttpResponse:
    """A policy as reviewers and models read it, in one of its languages, and what it was before."""
    try:
        writing.current(name)
        found = load_policy(writing.folder() / f"{name}.md", site().workspace.ladder)
    except RunError as error:
        raise Http404 from error
    except TidegateError as error:
        context = {"name": name, "problems": writing.problems_of(error), "may_write": _may_write(request)}
        return render(request, "policies/policy.html", context)
    context = {
        "name": name,
        **_views(found, request.GET.get("language")),
        "history": PolicyText.objects.filter(policy=name).order_by("-pk")[:SHOWN],
        "may_write": _may_write(request),
    }
    return render(request, "policies/policy.html", context)


@open_to("write_policies")
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, name: str) -> HttpResponse:
    """Change a policy: looked at from both sides and tried on its golden cases as often as one likes."""
    try:
        now = writing.current(name)
    except RunError as error:
        raise Http404 from error
    if request.method != "POST":
        return render(request, "policies/edit.html", {"draft": now, "read": writing.version_of(now)})
    draft = Draft(name, _text(request, "text"), _text(request, "golden"))
    message, read = request.POST.get("message", "").strip(), request.POST.get("read", "")
    context: dict[str, Any] = {"draft": draft, "message": message, "read": read}
    try:
        if request.POST.get("do") == "save":
            actor = _standing(request).person.actor
            tried = writing.save(draft, message or "–", read=read, actor=actor)
            messages.success(request, _("%(name)s is saved.") % {"name": tried.policy.label})
            return redirect("policy", name)
        tried = writing.try_out(draft)
    except TidegateError as error:
        return render(request, "policies/edit.html", {**context, "problems": writing.problems_of(error)})
    return render(request, "policies/edit.html", {**context, **_previewed(tried)})


def _previewed(tried: Tried) -> dict[str, Any]:
    return {
        "tried": tried,
        "previews": [_views(tried.policy, language) for language in tried.policy.languages],
    }


def _views(found: Policy, language: str | None) -> dict[str, Any]:
    chosen = language if language in found.languages else _reads(found)
    return {
        "policy": found,
        "language": chosen,
        "severity": SEVERITIES[found.severity.value],
        "guideline": as_html(found.guideline(chosen)),
        "prompt": found.prompt(chosen),
    }


def _reads(found: Policy) -> str:
    """The policy's language that is nearest to the page's."""
    wanted = (get_language() or "en").partition("-")[0]
    return wanted if wanted in found.languages else found.languages[0]


def _text(request: HttpRequest, field: str) -> str:
    """A field with the ends of lines, and of the file, as files have them."""
    text = request.POST.get(field, "").replace("\r\n", "\n").rstrip("\n")
    return f"{text}\n" if text else ""


def _may_write(request: HttpRequest) -> bool:
    return _standing(request).may("write_policies")


def _standing(request: HttpRequest) -> Standing:
    found: Standing = request.standing  # type: ignore[attr-defined]
    return found

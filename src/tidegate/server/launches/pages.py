"""The page of launches: what decides, what is off, and the acts on both."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tidegate.errors import RunError, TidegateError
from tidegate.server.launches import actions
from tidegate.server.launches.decider import checked, site
from tidegate.server.launches.four_eyes import APPROVE, SecondPersonError, needs_second
from tidegate.server.launches.models import Kind, Proposal, StrategyVersion
from tidegate.server.launches.proposals import agree, decline, propose, waiting
from tidegate.server.launches.reads import active, switched_off, version_of
from tidegate.server.launches.trying import SIZES
from tidegate.server.launches.versions import chosen
from tidegate.server.people.access import Standing, open_to
from tidegate.server.people.naming import named
from tidegate.server.zones.scope import SITE
from tidegate.strategy.differences import differences
from tidegate.strategy.switching import rule_ids

SHOWN = 50


@open_to("stop_everything")
@require_safe
def launches(request: HttpRequest) -> HttpResponse:
    """The version that decides, what is switched off, and the newest versions."""
    found = active()
    version = None if found is None else found[1]
    rules = [] if version is None else rule_ids(chosen(version).text)[:-1]
    versions = list(StrategyVersion.objects.filter(base=None).defer("text").order_by("-pk")[:SHOWN])
    switches, proposals = switched_off(), waiting()
    actors = [
        *(one.published_by for one in versions),
        *(one.off_by for one in switches),
        *(one.by for one in proposals),
    ]
    called = named(_standing(request), actors)
    context = {
        "active": version,
        "chosen": None if version is None else chosen(version).pk,
        "switches": [(one, called[one.off_by]) for one in switches],
        "rules": rules,
        "detectors": sorted(site().detectors),
        "versions": [(one, called[one.published_by]) for one in versions],
        "shown": SHOWN,
        "proposals": [(one, called[one.by]) for one in proposals],
        "me": _standing(request).person.actor,
        "may_publish": _standing(request).may("publish_strategies"),
        "may_agree": _standing(request).may(APPROVE),
    }
    return render(request, "launches/launches.html", context)


@open_to("stop_everything")
@require_safe
def version(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """A version's text, and what is different in it from the version that people chose, in words."""
    try:
        shown = version_of(name, number)
    except TidegateError:
        return render(request, "404.html", status=404)
    found = active()
    other = None if found is None else chosen(found[1])
    said = (
        None
        if other is None or other.pk == shown.pk
        else differences(checked(other.text), checked(shown.text))
    )
    standing = _standing(request)
    context = {
        "version": shown,
        "other": other,
        "differences": said,
        "may_publish": standing.may("publish_strategies") and shown.base is None,
        "may_try": standing.may("see_figures"),
        "at_once": not needs_second(shown),
        "zones": sorted(standing.zones - {SITE}),
        "sizes": SIZES,
    }
    return render(request, "launches/version.html", context)


@open_to("publish_strategies")
@require_POST
def activate(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """Let a version decide, back or forward; ask for it where a second person must agree."""
    reason = request.POST.get("reason", "").strip()

    def work(actor: str) -> str:
        try:
            actions.activate(name, number, actor=actor)
        except SecondPersonError as error:
            if not reason:
                raise RunError(_("Say why: a second person is asked, and reads it")) from error
            propose(name, number, reason, actor=actor)
            return _("%(name)s %(number)s waits for a second person.") % {"name": name, "number": number}
        return _("%(name)s %(number)s decides now.") % {"name": name, "number": number}

    return done(request, work)


@open_to(APPROVE)
@require_POST
def agree_to(request: HttpRequest, proposal: int) -> HttpResponse:
    """The second person lets it decide."""

    def work(actor: str) -> str:
        version = agree(proposal, actor=actor)
        return _("%(name)s %(number)s decides now.") % {"name": version.name, "number": version.number}

    return done(request, work)


@open_to("stop_everything")
@require_POST
def decline_it(request: HttpRequest, proposal: int) -> HttpResponse:
    """The second person says no, or whoever asked takes it back."""
    reason = request.POST.get("reason", "").strip()
    standing = _standing(request)
    mine = Proposal.objects.filter(pk=proposal, by=standing.person.actor).exists()
    if not (mine or standing.may(APPROVE)):
        raise PermissionDenied

    def work(actor: str) -> str:
        version = decline(proposal, reason or "–", actor=actor).version
        return _("%(name)s %(number)s will not decide.") % {"name": version.name, "number": version.number}

    return done(request, work)


@open_to("stop_everything")
@require_POST
def switch_off(request: HttpRequest) -> HttpResponse:
    """Switch off what `what` names: kind, a colon, and the name."""
    kind, _colon, name = request.POST.get("what", "").partition(":")
    reason = request.POST.get("reason", "").strip()
    if kind not in Kind.values or not reason:
        messages.error(request, _("Say what to switch off, and why."))
        return redirect("launches")

    def work(actor: str) -> str:
        return _("%(what)s is off.") % {"what": actions.switch_off(Kind(kind), name, reason, actor=actor)}

    return done(request, work)


@open_to("stop_everything")
@require_POST
def switch_on(request: HttpRequest) -> HttpResponse:
    """Switch on again what `what` names."""
    kind, _colon, name = request.POST.get("what", "").partition(":")
    if kind not in Kind.values:
        return redirect("launches")

    def work(actor: str) -> str:
        return _("%(what)s is on again.") % {"what": actions.switch_on(Kind(kind), name, actor=actor)}

    return done(request, work)


def done(request: HttpRequest, work: Callable[[str], str]) -> HttpResponse:
    """Do it in the name of whoever asks, and go back to the page, which tells what came of it."""
    try:
        messages.success(request, work(_standing(request).person.actor))
    except TidegateError as error:
        messages.error(request, said(error))
    return redirect("launches")


def said(error: TidegateError) -> str:
    """An error in one line: where, what, and the remedy."""
    line = "" if error.where.line is None else _("Line %(line)s: ") % {"line": error.where.line}
    return " ".join(filter(None, [f"{line}{error.what}.", error.remedy]))


def _standing(request: HttpRequest) -> Standing:
    found: Standing = request.standing  # type: ignore[attr-defined]
    return found

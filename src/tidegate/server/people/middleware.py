"""The gate before every page: who is it, what may they see, in which language and time zone do they read."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext

from tidegate.server.people.access import ACCOUNT, PUBLIC, SIGNED_IN, Standing, standing
from tidegate.server.people.content_security import held_to
from tidegate.server.zones.scope import widen_to


class Gate:
    """Sets `request.standing` and the scope, and turns away whoever may not open the page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(settings.APIS):
            return self._get_response(request)
        found = standing(request)
        request.standing = found  # type: ignore[attr-defined]
        if found is not None:
            if not found.lacks_second_factor:
                widen_to(found.zones)
            _speak_to(request, found)
        try:
            response = self._get_response(request)
        finally:
            timezone.deactivate()
        held_to(response)
        response["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
        # What somebody may see stays in no shared computer's cache after they have signed out.
        response["Cache-Control"] = "no-store"
        return response

    def process_view(self, request: HttpRequest, view: Any, *_: Any) -> HttpResponseBase | None:
        if request.path_info.startswith(settings.APIS):
            return None
        who = getattr(view, "open_to", None)
        found: Standing | None = request.standing  # type: ignore[attr-defined]
        if who == PUBLIC:
            return None
        if who is None:
            raise PermissionDenied("this page does not say who may open it")
        if found is None:
            return _to("account_login", request)
        if who == ACCOUNT:
            return None
        if found.lacks_second_factor:
            messages.info(request, gettext("Your roles need a second factor. Add or show one to go on."))
            return _to("mfa_reauthenticate" if is_mfa_enabled(found.person) else "mfa_index", request)
        if who != SIGNED_IN and not found.may(who):
            raise PermissionDenied
        return None


def _to(name: str, request: HttpRequest) -> HttpResponseRedirect:
    there = urlencode({"next": request.get_full_path()})
    status = HTTPStatus.FOUND if request.method in ("GET", "HEAD") else HTTPStatus.SEE_OTHER
    return HttpResponseRedirect(f"{reverse(name)}?{there}", status=status)


def _speak_to(request: HttpRequest, found: Standing) -> None:
    timezone.activate(ZoneInfo(found.person.time_zone))
    if found.person.language:
        translation.activate(found.person.language)
        request.LANGUAGE_CODE = found.person.language  # type: ignore[attr-defined]

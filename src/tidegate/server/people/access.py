"""Who may open a page: said at the page itself, and checked before it runs.

A page that says nothing opens to nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.http import HttpRequest

from tidegate.server.people.models import User
from tidegate.server.people.roles import RIGHTS, need_second_factor, rights_of

PUBLIC = "public"
ACCOUNT = "account"
"""Signed in, with or without the second factor: the pages on which one adds or shows it."""
SIGNED_IN = "signed_in"

View = TypeVar("View", bound=Callable[..., Any])


def open_to(who: str) -> Callable[[View], View]:
    """Open a page to everybody (PUBLIC), to people (ACCOUNT, SIGNED_IN), or to those with a right."""
    if who not in (PUBLIC, ACCOUNT, SIGNED_IN, *RIGHTS):
        raise ValueError(f"there is no right '{who}'")

    def mark(view: View) -> View:
        view.open_to = who  # type: ignore[attr-defined]
        return view

    return mark


@dataclass(frozen=True)
class Standing:
    """Somebody who is signed in, as they stand in this session.

    Attributes:
        lacks_second_factor: their roles need one, and this session has shown none: they may do nothing yet.
    """

    person: User
    roles: frozenset[str]
    zones: frozenset[str]
    lacks_second_factor: bool

    @property
    def rights(self) -> frozenset[str]:
        return frozenset() if self.lacks_second_factor else rights_of(self.roles)

    def may(self, right: str) -> bool:
        return right in self.rights


def standing(request: HttpRequest) -> Standing | None:
    """Whoever is signed in; read at each request, so that what is taken away is gone with the next click."""
    person = request.user
    if not isinstance(person, User):
        return None
    roles = frozenset(person.given_roles.values_list("name", flat=True))
    zones = frozenset(person.clearances.values_list("zone", flat=True))
    lacks = need_second_factor(roles) and not _showed_second_factor(request, person)
    return Standing(person, roles, zones, lacks)


def _showed_second_factor(request: HttpRequest, person: User) -> bool:
    trusted = {
        app["provider_id"]
        for app in settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]
        if app["settings"]["second_factor"]
    }
    return any(
        record["method"] == "mfa"
        or (record["method"] == "socialaccount" and record.get("provider") in trusted)
        for record in get_authentication_records(request, person)
    )

"""What people do to sign in, put into the ledger.

Receivers are held weakly, so each has a name of its own.
"""

from __future__ import annotations

from typing import Any

from allauth.account import signals as account
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import transaction
from django.dispatch import receiver

from tidegate.server.ledger.actions import Act, append
from tidegate.server.people.models import User
from tidegate.server.zones.scope import SITE

NOBODY = "nobody"


def _record(person: Any, act: str, *, actor: str | None = None, **details: Any) -> None:
    if isinstance(person, User):
        with transaction.atomic():
            append([Act(actor or person.actor, act, SITE, person.actor, details)])


@receiver(user_logged_in)
def signed_in(user: Any, request: Any, **_: Any) -> None:
    _record(user, "person.signed_in")


@receiver(user_logged_out)
def signed_out(user: Any, **_: Any) -> None:
    _record(user, "person.signed_out")


@receiver(user_login_failed)
def refused(credentials: dict[str, Any], **_: Any) -> None:
    """A name that nobody has is not recorded: it may be a password, typed into the wrong field."""
    person = User.objects.filter(username=credentials.get("username") or "").first()
    _record(person, "person.refused", actor=NOBODY)


@receiver(account.password_changed)
@receiver(account.password_set)
@receiver(account.password_reset)
def password_changed(user: Any, **_: Any) -> None:
    _record(user, "person.password_changed")


@receiver(mfa.authenticator_added)
def factor_added(user: Any, request: Any, authenticator: Authenticator, **_: Any) -> None:
    _record(user, "person.second_factor_added", type=authenticator.type)
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        # To add one is to show it: the code was typed, the key was touched.
        record_authentication(request, user, "mfa", id=authenticator.pk, type=authenticator.type)


@receiver(mfa.authentication_failed)
def code_refused(user: Any, **_: Any) -> None:
    _record(user, "person.code_refused", actor=NOBODY)


@receiver(mfa.authenticator_removed)
def factor_removed(user: Any, authenticator: Authenticator, **_: Any) -> None:
    _record(user, "person.second_factor_removed", type=authenticator.type)

"""Adding people and changing what they may do: acts of the operator, or of an admin."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.urls import reverse

from tidegate.errors import RunError, Where
from tidegate.names import nearest
from tidegate.server.ledger.actions import Act, append
from tidegate.server.people.models import Clearance, Role, User
from tidegate.server.people.roles import ROLES
from tidegate.server.zones.scope import SITE, checked_zone

ERASED = "erased-"


@dataclass(frozen=True)
class Change:
    """What is to be different about somebody; None for what stays."""

    roles: Collection[str] = ()
    drop_roles: Collection[str] = ()
    zones: Collection[str] = ()
    drop_zones: Collection[str] = ()
    email: str | None = None
    language: str | None = None
    time_zone: str | None = None
    active: bool | None = None


def find_person(name: str) -> User:
    """Somebody, by name.

    Raises:
        RunError: there is nobody of this name.
    """
    person = User.objects.filter(username=name, erased_at=None).first()
    if person is None:
        known = User.objects.filter(erased_at=None).values_list("username", flat=True)
        raise RunError(
            f"there is nobody named '{name}'", where=Where(field="name"), remedy=nearest(name, known)
        )
    return person


def add_person(name: str, change: Change, *, actor: str) -> User:
    """Add somebody who is not there yet.

    Raises:
        RunError: as `set_person`, and where somebody has or had this name. Nothing is changed then.
    """
    with transaction.atomic():
        person, added = set_person(name, change, actor=actor)
        if not added:
            raise RunError(
                f"somebody is named '{name}' already",
                where=Where(field="name"),
                remedy="Choose another name; names hold for all zones.",
            )
    return person


def set_person(name: str, change: Change, *, actor: str, add: bool = True) -> tuple[User, bool]:
    """Add somebody, or change what is there of them; says whether they are new.

    Raises:
        RunError: a role, zone, language, time zone, name or address is none, or nobody of this name is
            there and nobody is to be added. Nothing is changed then.
    """
    _check(name, change)
    if not add:
        find_person(name)
    with transaction.atomic():
        person = User.objects.select_for_update(no_key=True).filter(username=name).first()
        added = person is None
        if person is None:
            person = User(username=name)
            person.set_unusable_password()
        for field in ("language", "time_zone", "email"):
            value = getattr(change, field)
            if value is not None:
                setattr(person, field, value)
        if change.active is not None:
            person.is_active = change.active
        if change.active is False:
            person.sessions_ended_at = datetime.now(UTC)  # else they would go on when let in again
        person.save()
        if change.email is not None:
            _set_email(person, change.email)
        told = list(_given(person, change))
        if added:
            told.insert(0, ("person.added", {}))
        if change.active is not None:
            told.append(("person.activated" if change.active else "person.deactivated", {}))
        append([Act(actor, act, SITE, person.actor, details) for act, details in told])
    return person, added


def welcome_link(person: User, *, actor: str) -> str:
    """Forget somebody's password, and return the link by which they choose one: once, within a day."""
    with transaction.atomic():
        person.set_unusable_password()
        person.save(update_fields=["password"])
        append([Act(actor, "person.link_made", SITE, person.actor)])
    key = default_token_generator.make_token(person)
    path = reverse(
        "account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(person), "key": key}
    )
    return f"{settings.PUBLIC_URL}{path}"


def forget_second_factors(person: User, *, actor: str) -> int:
    """Remove somebody's second factors, since they are lost. Returns how many there were.

    Their sessions end: whoever has what was lost may be in one, and would add a factor of their own.
    """
    with transaction.atomic():
        number = Authenticator.objects.filter(user=person).exclude(type="recovery_codes").count()
        Authenticator.objects.filter(user=person).delete()
        person.sessions_ended_at = datetime.now(UTC)
        person.save(update_fields=["sessions_ended_at"])
        append([Act(actor, "person.second_factors_removed", SITE, person.actor, {"number": number})])
    return number


def erase_person(person: User, *, actor: str) -> None:
    """Forget who somebody is. What they did stays on record, as the acts of `person:ID`."""
    with transaction.atomic():
        for rows in (Authenticator.objects, EmailAddress.objects, person.socialaccount_set):
            rows.filter(user=person).delete()
        person.given_roles.all().delete()
        person.clearances.all().delete()
        _forget_care(person)
        person.username = f"{ERASED}{person.pk}"
        person.first_name = person.last_name = person.email = person.language = ""
        person.time_zone, person.last_login = "UTC", None
        person.is_active, person.erased_at = False, datetime.now(UTC)
        person.set_unusable_password()
        person.save()
        append([Act(actor, "person.erased", SITE, person.actor)])


def _forget_care(person: User) -> None:
    """What docs/care.md says is kept of people: every row of that app that hangs on a person."""
    for relation in person._meta.related_objects:
        if relation.related_model._meta.app_label == "care":
            relation.related_model._default_manager.filter(**{relation.field.name: person}).delete()


def _set_email(person: User, email: str) -> None:
    EmailAddress.objects.filter(user=person).delete()
    person.socialaccount_set.all().delete()  # whoever came by the old address does so no longer
    if not email:
        return
    if EmailAddress.objects.filter(email__iexact=email).exists():
        raise RunError(
            "somebody else has this address",
            where=Where(field="email"),
            remedy="Single sign-on knows people by it, so everybody needs one of their own.",
        )
    # Whoever adds somebody vouches for the address; there is no mail by which to ask.
    EmailAddress.objects.create(user=person, email=email, verified=True, primary=True)


def _given(person: User, change: Change) -> Iterator[tuple[str, dict[str, str]]]:
    for name in dict.fromkeys(change.roles):
        if Role.objects.get_or_create(person=person, name=name)[1]:
            yield "person.role_given", {"role": name}
    for name in dict.fromkeys(change.drop_roles):
        if Role.objects.filter(person=person, name=name).delete()[0]:
            yield "person.role_taken", {"role": name}
    for zone in dict.fromkeys(change.zones):
        if Clearance.objects.get_or_create(person=person, zone=zone)[1]:
            yield "person.cleared", {"zone": zone}
    for zone in dict.fromkeys(change.drop_zones):
        if Clearance.objects.filter(person=person, zone=zone).delete()[0]:
            yield "person.clearance_taken", {"zone": zone}


def _check(name: str, change: Change) -> None:
    try:
        UnicodeUsernameValidator()(name)
        if name.startswith(ERASED):
            raise ValidationError("names that begin like this are those of people who were erased")
    except ValidationError as error:
        raise RunError(error.messages[0], where=Where(field="name"), remedy="Choose another.") from error
    try:
        if change.email:
            validate_email(change.email)
    except ValidationError as error:
        raise RunError(
            error.messages[0], where=Where(field="email"), remedy="Give one such as ana@example.com."
        ) from error
    for role in (*change.roles, *change.drop_roles):
        if role not in ROLES:
            raise RunError(
                f"there is no role '{role}'",
                where=Where(field="role"),
                remedy=f"{nearest(role, ROLES)}Roles are {', '.join(ROLES)}.",
            )
    for zone in (*change.zones, *change.drop_zones):
        checked_zone(zone)
    languages = dict(settings.LANGUAGES)
    if change.language and change.language not in languages:
        raise RunError(
            f"there are no pages in '{change.language}'",
            where=Where(field="language"),
            remedy=f"Languages are {', '.join(languages)}.",
        )
    if change.time_zone is not None:
        check_time_zone(change.time_zone)


def check_time_zone(name: str) -> ZoneInfo:
    """
    Raises:
        RunError: there is no such time zone.
    """
    if name not in available_timezones():
        raise RunError(
            f"there is no time zone '{name}'",
            where=Where(field="time_zone"),
            remedy=nearest(name, available_timezones()) or "Give one such as Europe/Berlin.",
        )
    return ZoneInfo(name)

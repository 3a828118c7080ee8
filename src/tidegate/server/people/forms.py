"""Forms of django-allauth whose labels it does not translate."""

from __future__ import annotations

from allauth.mfa.webauthn.forms import AddWebAuthnForm, EditWebAuthnForm
from django import forms
from django.utils.translation import gettext_lazy as _


class AddKey(AddWebAuthnForm):
    name = forms.CharField(label=_("Name"), required=False)


class EditKey(EditWebAuthnForm):
    name = forms.CharField(label=_("Name"))

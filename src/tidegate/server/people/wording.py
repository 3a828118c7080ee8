"""What roles are called on pages."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

ROLE_NAMES = {
    "moderator": _("Moderator"),
    "senior": _("Senior moderator"),
    "qa": _("Quality"),
    "lead": _("Lead"),
    "policy": _("Policy"),
    "program_manager": _("Program manager"),
    "analyst": _("Analyst"),
    "auditor": _("Auditor"),
    "admin": _("Admin"),
}

"""Whoever signs out gives back what they hold."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver

from tidegate.server.people.models import User
from tidegate.server.review.leasing import release
from tidegate.server.zones.scope import EVERYWHERE, within


@receiver(user_logged_out)
def gives_back(user: Any, **_: Any) -> None:
    if isinstance(user, User):
        with within(EVERYWHERE):  # zones may have been taken from them since
            release(user)

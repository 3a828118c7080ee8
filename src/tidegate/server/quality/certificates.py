"""Certificates that queues ask for, and those that people hold already."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from tidegate.server.review.models import Skill
from tidegate.server.review.queues import queues
from tidegate.server.review.reviewers import CERTIFICATE


def known_certificates() -> list[str]:
    """Their names, sorted."""
    asked = {name for one in queues(Path(settings.WORKSPACE)).values() for name in one.certificates}
    held = set(Skill.objects.filter(kind=CERTIFICATE).values_list("name", flat=True))
    return sorted(asked | held)

"""All sections of tidegate.toml that the service reads: what is wrong in one is said when it starts."""

from __future__ import annotations

from pathlib import Path

from tidegate.server.care.settings import care_of
from tidegate.server.content.settings import intake
from tidegate.server.delivery.settings import webhooks
from tidegate.server.launches.four_eyes import four_eyes
from tidegate.server.people.sign_in import companies
from tidegate.server.retention.settings import retention
from tidegate.server.review.media import origins
from tidegate.server.review.queues import queues


def check(workspace: Path) -> None:
    """Read them all, once Django is set up.

    Raises:
        WorkspaceError: something in one cannot be meant.
    """
    for read in (intake, webhooks, queues, origins, care_of, four_eyes, retention, companies):
        read(workspace)

"""Every setting of the service, read once when a process starts.

So what is wrong is said then, and not at its first use.
"""

from __future__ import annotations

import os
from pathlib import Path

from tidegate.errors import Where, WorkspaceError
from tidegate.runs.intake import intake
from tidegate.runs.workspace import FILE
from tidegate.server.care.settings import care_of
from tidegate.server.delivery.settings import webhooks
from tidegate.server.launches.four_eyes import four_eyes
from tidegate.server.people.sign_in import companies
from tidegate.server.retention.settings import retention
from tidegate.server.review.media import origins
from tidegate.server.review.queues import queues


def check_settings(workspace: Path) -> None:
    """Read what `tidegate.toml` says of the service.

    Raises:
        WorkspaceError: a setting is unknown, or its value is none.
    """
    for read in (intake, webhooks, retention, origins, queues, care_of, four_eyes, companies):
        read(workspace)


def check_secrets(workspace: Path) -> None:
    """That the environment has the secrets by which people sign in.

    Raises:
        WorkspaceError: one is not there.
    """
    for place, company in enumerate(companies(workspace)):
        if not os.environ.get(company.secret_env):
            raise WorkspaceError(
                f"the environment has no {company.secret_env}, so nobody could sign in by {company.name}",
                where=Where(workspace / FILE, field=f"sign_in.oidc.{place}.secret_env"),
                remedy=f"Set {company.secret_env} to the secret of the client {company.client_id}.",
            )

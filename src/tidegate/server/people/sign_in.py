"""The section [sign_in] of tidegate.toml: companies whose own sign-in lets people in (OpenID Connect).

Read by the settings, so nothing of Django is imported here.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tidegate.errors import Where, WorkspaceError
from tidegate.names import nearest
from tidegate.runs.workspace import FILE

NEEDED = ("id", "name", "issuer", "client_id", "secret_env")
KNOWN = (*NEEDED, "second_factor")


@dataclass(frozen=True)
class Company:
    """A provider of identities. `second_factor`: its sign-in asks for one itself."""

    id: str
    name: str
    issuer: str
    client_id: str
    secret_env: str
    second_factor: bool = False


def companies(workspace: Path) -> list[Company]:
    """Those of a workspace; none where it has no such section.

    Raises:
        WorkspaceError: a setting is missing, unknown or of another type.
    """
    path = workspace / FILE
    if not path.is_file():
        return []
    section = tomllib.loads(path.read_text(encoding="utf-8")).get("sign_in", {})
    return [
        _company(one, Where(path, field=f"sign_in.oidc.{place}"))
        for place, one in enumerate(section.get("oidc", []))
    ]


def _company(given: dict[str, Any], where: Where) -> Company:
    for name in given:
        if name not in KNOWN:
            raise WorkspaceError(
                f"there is no setting '{name}'",
                where=where,
                remedy=f"{nearest(name, KNOWN)}Settings are {', '.join(KNOWN)}.",
            )
    for name in NEEDED:
        if not isinstance(given.get(name), str) or not given[name]:
            raise WorkspaceError(
                f"'{name}' is missing", where=where, remedy="docs/people.md shows the whole section."
            )
    if not isinstance(given.get("second_factor", False), bool):
        raise WorkspaceError(
            "second_factor is true or false", where=where, remedy="Mend the value, or leave it out."
        )
    return Company(**given)


def oidc_apps(workspace: Path) -> list[dict[str, Any]]:
    """As django-allauth wants them."""
    return [
        {
            "provider_id": one.id,
            "name": one.name,
            "client_id": one.client_id,
            "secret": os.environ.get(one.secret_env, ""),
            "settings": {"server_url": one.issuer, "second_factor": one.second_factor},
        }
        for one in companies(workspace)
    ]


def oidc_origins(workspace: Path) -> list[str]:
    """Where forms of ours may lead: browsers hold redirects that follow a form to the same policy."""
    return [
        f"{parts.scheme}://{parts.netloc}" for parts in (urlsplit(one.issuer) for one in companies(workspace))
    ]

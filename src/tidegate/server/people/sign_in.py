"""The section [sign_in] of tidegate.toml: companies whose own sign-in lets people in (OpenID Connect).

Read by the settings, so nothing of Django is imported here.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tidegate.runs.section import Section, section
from tidegate.runs.workspace import FILE

OIDC = "oidc"
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
    if not (workspace / FILE).is_file():
        return []
    given = section(workspace, "sign_in").knows([OIDC])
    told = given.given.get(OIDC, [])
    if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
        raise given.wrong(OIDC, "each company is a section of its own", "Write [[sign_in.oidc]].")
    return [_company(Section(given.path, f"sign_in.{OIDC}.{at}", one)) for at, one in enumerate(told)]


def _company(given: Section) -> Company:
    given.knows(KNOWN)
    for name in NEEDED:
        if not isinstance(given.given.get(name), str) or not given.given[name]:
            raise given.wrong(name, f"'{name}' is missing", "docs/people.md shows the whole section.")
    needed = {name: given.given[name] for name in NEEDED}
    return Company(**needed, second_factor=given.flag("second_factor", default=False))


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

"""The section [review] of tidegate.toml: from where the screen may load pictures and videos.

[review]
media = ["https://media.example.com"]   # origins; without them media stay addresses

What is not of these origins is shown as its address. Browsers are held to the same list by the page's
Content-Security-Policy, wherever an address leads.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings

from tidegate.runs.section import Section, section
from tidegate.server.people.content_security import header

if TYPE_CHECKING:
    from tidegate.server.content.models import ItemVersion

FIELDS = ("media",)
IMAGE, VIDEO = "image", "video"
_ORIGIN = re.compile(r"(https?)://([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(?::(\d{1,5}))?", re.ASCII)
_USUAL = {"http": "80", "https": "443"}
_ENDINGS = {
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif"), IMAGE),
    **dict.fromkeys((".mp4", ".m4v", ".mov", ".webm", ".ogv"), VIDEO),
}


@cache
def origins(workspace: Path) -> frozenset[str]:
    """The origins that a workspace lists; read once per process.

    Raises:
        WorkspaceError: a field is unknown, or something is no origin.
    """
    given = section(workspace, "review").knows(FIELDS)
    listed = given.given.get("media", [])
    if not isinstance(listed, list):
        raise given.wrong(
            "media", "this must be a list of origins", 'Write media = ["https://media.example.com"].'
        )
    return frozenset(_checked(one, given, f"media.{at}") for at, one in enumerate(listed))


def picture(version: ItemVersion) -> dict[str, str | None] | None:
    """An item's media for the screen: `kind` (image or video) where it may be loaded, else `why` not."""
    if not version.media:
        return None
    kind = version.kind if version.kind in (IMAGE, VIDEO) else _kind_of(version.media)
    origin = _origin_of(version.media)
    why = (
        "address"
        if origin is None
        else "origin"
        if origin not in _here()
        else "kind"
        if kind is None
        else None
    )
    return {"address": version.media, "kind": None if why else kind, "why": why}


def policy() -> str:
    """The Content-Security-Policy of the page that draws media."""
    listed = sorted(_here())
    return header({"img-src": listed, "media-src": listed} if listed else {})


def _here() -> frozenset[str]:
    return origins(Path(settings.WORKSPACE))


def _checked(one: Any, given: Section, field: str) -> str:
    """An origin as browsers write it; nothing else may come into the policy's header."""
    found = _ORIGIN.fullmatch(one.lower()) if isinstance(one, str) else None
    if found is None or int(found[3] or 1) not in range(1, 65_536):
        raise given.wrong(
            field,
            f"{one!r} is no origin",
            "Write scheme and host, and the port if it has one: https://media.example.com. "
            "No path, no user, no *.",
        )
    return _plain(*found.groups())


def _origin_of(address: str) -> str | None:
    """The origin of an address; None where it has none that a browser could load from."""
    try:
        parts = urlsplit(address)
        found = _ORIGIN.fullmatch(f"{parts.scheme}://{parts.netloc}".lower())
    except ValueError:
        return None
    return None if found is None else _plain(*found.groups())


def _plain(scheme: str, host: str, port: str | None) -> str:
    return f"{scheme}://{host}" if port in (None, _USUAL[scheme]) else f"{scheme}://{host}:{port}"


def _kind_of(address: str) -> str | None:
    try:
        return _ENDINGS.get(PurePosixPath(urlsplit(address).path).suffix.lower())
    except ValueError:
        return None

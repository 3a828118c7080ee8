"""What the settings take from the environment: a variable that is wrong is named, with what to write."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from tidegate.errors import RunError

DATABASES = ("postgresql", "postgres", "sqlite")
"""Schemes of DATABASE_URL. SQLite is there without it; naming it is for another place of the file."""


def database_url(workspace: Path) -> str:
    """Of the database: DATABASE_URL, or the file in the workspace.

    Raises:
        RunError: it names no database that the service can use.
    """
    given = os.environ.get("DATABASE_URL")
    if not given:
        return f"sqlite:///{workspace / 'tidegate.db'}"
    if urlsplit(given).scheme not in DATABASES:  # the address itself may hold a password
        raise RunError(
            "DATABASE_URL names no database that the service can use",
            remedy="Give postgresql://USER:PASSWORD@HOST/DATABASE; without it, SQLite is taken.",
        )
    return given


def public_url() -> SplitResult:
    """Under which browsers reach the service: TIDEGATE_URL, or this machine.

    Raises:
        RunError: it is not the address of a host, by http or https.
    """
    found = urlsplit(os.environ.get("TIDEGATE_URL", "http://127.0.0.1:8080").rstrip("/"))
    if found.scheme not in ("http", "https") or not found.hostname or found.path:
        raise RunError(
            "TIDEGATE_URL is no address under which browsers could reach the service",
            remedy="Give scheme and host, such as https://tidegate.example.com.",
        )
    return found


def proxies(*, https: bool) -> int:
    """How many reverse proxies stand before the service: TIDEGATE_PROXIES, or one with https.

    Raises:
        RunError: it is no number.
    """
    given = os.environ.get("TIDEGATE_PROXIES", "1" if https else "0")
    if not given.isascii() or not given.isdigit():
        raise RunError(
            "TIDEGATE_PROXIES is no number of reverse proxies",
            remedy="Give a number, such as 1.",
        )
    return int(given)

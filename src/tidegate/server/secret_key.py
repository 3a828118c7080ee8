"""The key that signs sessions: made once per workspace, readable by its owner alone."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

FILE = ".secret-key"


def secret_key(workspace: Path) -> str:
    """The workspace's key; made by whichever process comes first."""
    path = workspace / FILE
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    key = secrets.token_urlsafe(48)
    with os.fdopen(descriptor, "w") as file:
        file.write(key)
    return key

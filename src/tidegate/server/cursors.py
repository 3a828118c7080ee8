"""Cursors: where a page of a list ends, told so that nobody can read or forge it.

The numbers of rows count all zones together, so that a bare one would tell how much the others do.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


class CursorError(ValueError):
    """This is no cursor of ours, or one of another list."""


def cursor(kind: str, row: int) -> str:
    """The place after this row, in lists of this kind."""
    # As long for every row: a longer cursor would tell that there are more rows.
    return _lock().encrypt(f"{kind}:{row:019}".encode()).decode()


def row_of(kind: str, text: str) -> int:
    """The row that a cursor is of.

    Raises:
        CursorError: it is none of ours, or of another list.
    """
    try:
        told, _, row = _lock().decrypt(text.encode()).decode().partition(":")
    except (InvalidToken, UnicodeError):
        told, row = "", ""
    if told != kind:
        raise CursorError
    return int(row)


@cache
def _lock() -> Fernet:
    key = hashlib.sha256(b"cursors:" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))

"""Cursors: where a page of a list ends, told so that nobody can read or forge it.

The numbers of rows count all zones together, so that a bare one would tell how much the others do.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from http import HTTPStatus

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

from tidegate.server.api.problems import ProblemError


def cursor(kind: str, row: int) -> str:
    """The place after this row, in lists of this kind."""
    # As long for every row: a longer cursor would tell that there are more rows.
    return _lock().encrypt(f"{kind}:{row:019}".encode()).decode()


def row_of(kind: str, text: str) -> int:
    """The row that a cursor is of.

    Raises:
        ProblemError: 422, it is none of ours, or of another list.
    """
    try:
        told, _, row = _lock().decrypt(text.encode()).decode().partition(":")
    except (InvalidToken, UnicodeError):
        told, row = "", ""
    if told != kind:
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "this is no cursor of this list",
            field="cursor",
            remedy="Send `next` of the page before, as it is; leave it out for the first page.",
        )
    return int(row)


@cache
def _lock() -> Fernet:
    key = hashlib.sha256(b"cursors:" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))

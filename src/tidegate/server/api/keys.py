"""Who asks: the key in the Authorization header, and what it may do."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest
from ninja.security import HttpBearer

from tidegate.server.api.problems import ProblemError
from tidegate.server.people.keys import find_key
from tidegate.server.people.models import ApiKey
from tidegate.server.zones.scope import widen_to


class Key(HttpBearer):
    """Lets in whoever has a key in use with this scope."""

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey | None:
        key = find_key(token)
        if key is not None and self.scope not in key.scopes:
            raise ProblemError(
                HTTPStatus.FORBIDDEN,
                f"this key may not do this: it has no scope '{self.scope}'",
                remedy="Ask for a key that has it.",
            )
        if key is not None:
            widen_to([key.zone])
        return key

"""The scope: the zones that whoever asks may see, known to all code that runs on their behalf.

It is kept beside the code and not handed from function to function, so that no function can leave it out.
A request begins with no zone; its key or its person brings zones in. Code that runs in no scope at all fails
when it queries what has a zone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from tidegate.errors import RunError, Where

COMMON = ""
"""The zone of what concerns every zone, such as a published strategy. Everybody sees it."""
SITE = "site"
"""The zone of acts on people: sign-ins, roles, second factors."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


@dataclass(frozen=True)
class Scope:
    """Zones that may be seen; None for all of them, which only the operator's own commands have."""

    zones: frozenset[str] | None

    def holds(self, zone: str) -> bool:
        return self.zones is None or zone in self.zones


class UnscopedError(RuntimeError):
    """Code asks for rows of a zone and has not said on whose behalf. A fault of ours."""


NOWHERE = Scope(frozenset())
EVERYWHERE = Scope(None)

_of_request: ContextVar[Scope | None] = ContextVar("scope", default=None)
_of_process: Scope | None = None


def current() -> Scope:
    """The scope that holds here.

    Raises:
        UnscopedError: there is none.
    """
    scope = known()
    if scope is None:
        raise UnscopedError("this query runs in no scope; wrap it in `within(…)`: see docs/people.md")
    return scope


def known() -> Scope | None:
    """The scope that holds here; None where there is none."""
    return _of_request.get() or _of_process


@contextmanager
def within(scope: Scope) -> Iterator[None]:
    """Run a block in this scope, and in the one before afterwards."""
    token = _of_request.set(scope)
    try:
        yield
    finally:
        _of_request.reset(token)


@contextmanager
def within_zones(zones: Iterable[str]) -> Iterator[None]:
    """Run a block in the scope of some zones."""
    with within(Scope(frozenset(zones))):
        yield


def widen_to(zones: Iterable[str]) -> None:
    """Let the request that is running see these zones, from here to its end: whoever asks is known by now."""
    _of_request.set(Scope(frozenset(zones)))


def of_process(scope: Scope | None) -> None:
    """The scope of all threads of this process that have none of their own: for commands only."""
    global _of_process
    _of_process = scope


def checked_zone(name: str) -> str:
    """The name of a zone, as it is.

    Raises:
        RunError: it is none.
    """
    if not _NAME.fullmatch(name):
        raise RunError(
            f"'{name}' is no name of a zone",
            where=Where(field="zone"),
            remedy="Give small letters, digits, - and _, up to 40, such as us or eu-west.",
        )
    return name

"""The Content-Security-Policy of pages: `settings.CONTENT_SECURITY_POLICY`, and what single pages may do
beside."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.conf import settings
from django.http.response import HttpResponseBase

HEADER = "Content-Security-Policy"


def header(also: Mapping[str, Collection[str]] | None = None) -> str:
    """The policy as a header's value; `also` adds sources to some directives."""
    rules: dict[str, list[str]] = {
        name: list(said) for name, said in settings.CONTENT_SECURITY_POLICY.items()
    }
    for name, sources in (also or {}).items():
        rules[name] = [*rules.get(name, ()), *sources]
    return "; ".join(" ".join([name, *sources]) for name, sources in rules.items())


def held_to(response: HttpResponseBase) -> None:
    """Hold a page to the policy, where it has not said one of its own."""
    if HEADER not in response:
        response[HEADER] = header()

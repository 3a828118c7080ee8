"""The design of the console, shown by itself."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from tidegate.server.people.access import SIGNED_IN, open_to

COLOURS = {
    "paper": _("behind everything"),
    "sheet": _("behind what belongs together"),
    "ink": _("text"),
    "faint": _("text that can wait"),
    "line": _("between things"),
    "edge": _("around what can be pressed or filled in"),
    "sea": _("links, focus, the first of two acts"),
    "on-sea": _("text on it"),
    "good": _("it went well"),
    "warn": _("look at this"),
    "grave": _("it went wrong, or cannot be undone"),
    "wash": _("behind what is chosen or told"),
}
SIZES = ("s", "m", "l", "xl", "xxl")
SPACES = ("xs", "s", "m", "l", "xl")


@open_to(SIGNED_IN)
@require_safe
def design(request: HttpRequest) -> HttpResponse:
    """Every token and part, with when to use it."""
    colours = [
        {"name": name, "shows": "sheet-colour" if name == "sheet" else name, "what": what}
        for name, what in COLOURS.items()
    ]
    return render(request, "console/design.html", {"colours": colours, "sizes": SIZES, "spaces": SPACES})

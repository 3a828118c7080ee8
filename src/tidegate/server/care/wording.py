"""What care says, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import translation
from django.utils.translation import gettext_lazy as _

from tidegate.policy.harms import BY_KEY
from tidegate.server.care.areas import NONE
from tidegate.server.care.settings import care
from tidegate.server.care.windows import Window

WINDOWS = {Window.HOUR: _("an hour"), Window.DAY: _("24 hours"), Window.WEEK: _("7 days")}
SWITCHES = {
    "blur": _("Blur"),
    "greyscale": _("Greyscale"),
    "mute": _("No sound"),
    "still": _("Nothing plays by itself"),
    "mask": _("Cover the text"),
}
WHY = {
    "away": _("You have stepped away. Nothing is given to you until you come back."),
    "break": _("It is time for a break. Nothing new is given to you until it is over."),
    "hour": _("You have seen as much as one hour may hold."),
    "day": _("You have seen as much as 24 hours may hold."),
    "week": _("You have seen as much as 7 days may hold."),
}
LIGHT_ONLY = _("Until then you are given lighter items.")
MEASURES = {
    "heavy": _("How heavy the day was, from 0 to 10"),
    "seconds": _("Active seconds an item"),
}


def area_name(area: str) -> Any:
    """A harm area, by its name."""
    if area == NONE:
        return _("Everything else")
    return (
        BY_KEY[area].title_zh if (translation.get_language() or "").startswith("zh") else BY_KEY[area].title
    )


def resources() -> list[dict[str, str]]:
    """Where to find help, as the site has it: title, text and url."""
    return [{"title": _in(one.title), "text": _in(one.text), "url": one.url} for one in care().resources]


def _in(words: Mapping[str, str]) -> str:
    return words.get(translation.get_language() or "") or next(iter(words.values()), "")

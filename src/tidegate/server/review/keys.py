"""Keys of the review screen: what each command is bound to, and each person's own choice."""

from __future__ import annotations

from collections.abc import Mapping

from tidegate.errors import RunError, Where
from tidegate.server.people.models import User
from tidegate.server.review.models import Keymap

DEFAULT: Mapping[str, str] = {
    "action_1": "q",
    "action_2": "w",
    "action_3": "e",
    "action_4": "r",
    "action_5": "t",
    "action_6": "y",
    "action_7": "u",
    "severity": "d",
    "mark": "m",
    "note": "n",
    "second_opinion": "o",
    "call": "p",
    "skip": "k",
    "hold": "l",
    "send": "s",
    "escalate": "x",
    "hide": "b",
    "look": "f",
    "play": "h",
    "alike": "a",
    "useful": "g",
    "wrong": "j",
    "undo": "z",
    "away": "v",
}
"""Numbers choose from the list in front, Enter sends, Escape goes back and ? shows the keys: these stay."""
TAKEN = frozenset("1234567890?")


def keymap(person: User) -> dict[str, str]:
    """The key of each command for somebody."""
    own = Keymap.objects.filter(person=person).first()
    return {**DEFAULT, **({} if own is None else own.keys)}


def set_keymap(person: User, keys: Mapping[str, str]) -> None:
    """Let these be somebody's keys; what is not named has its usual one.

    Raises:
        RunError: a key is no single character, is taken, or stands for two commands; the field is the
        command.
    """
    whole = {**DEFAULT, **{name: key.strip().lower() for name, key in keys.items() if name in DEFAULT}}
    seen: dict[str, str] = {}
    for name, key in whole.items():
        if len(key) != 1 or not key.isprintable() or key.isspace() or key in TAKEN:
            raise RunError(
                f"'{key}' cannot be a key of your own",
                where=Where(field=name),
                remedy="Give one letter or sign; numbers and ? are taken.",
            )
        if key in seen:
            raise RunError(
                f"'{key}' is the key of {seen[key]} already",
                where=Where(field=name),
                remedy="Give each command a key of its own.",
            )
        seen[key] = name
    own = {name: key for name, key in whole.items() if key != DEFAULT[name]}
    Keymap.objects.update_or_create(person=person, defaults={"keys": own})

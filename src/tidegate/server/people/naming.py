"""What those who acted are called on a page: by their names, for those who may know them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tidegate.server.people.access import Standing
from tidegate.server.people.managing import shared

PERSON = "person:"


def named(who: Standing, actors: Iterable[str]) -> Mapping[str, str]:
    """What to call each of `actors` before `who`.

    `person:7` goes by their name for whoever may see people and shares a zone with them; keys and commands,
    those who were erased, and everybody before others are called what the ledger calls them.
    """
    called = {actor: actor for actor in actors}
    numbers = {actor.removeprefix(PERSON) for actor in called if actor.startswith(PERSON)}
    if numbers and who.may("see_people"):
        called |= {person.actor: person.username for person in shared(who).filter(pk__in=numbers)}
    return called

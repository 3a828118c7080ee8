"""The demo's service: a generated week in two zones, and people who sign in.

To be called after `boot` in that workspace, and on a database of its own.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl

from tidegate.server.content.actions import take_in
from tidegate.server.content.arrivals import CONTENT, Arrival
from tidegate.server.content.models import Decision
from tidegate.server.demo_review import add_reviewers, work
from tidegate.server.events.actions import record
from tidegate.server.events.occurrences import APPEAL, REPORT, Occurrence
from tidegate.server.launches.actions import publish
from tidegate.server.people.persons import Change, set_person

ZONES = {"en": "us", "zh": "sg"}
"""Where posts of a language are kept."""
PEOPLE = {"mo": ("moderator",), "ada": ("lead", "program_manager", "auditor", "admin")}
SHOWN = 2_000
"""Posts that are taken in: enough to look at, and in a few seconds."""
ACTOR = "demo"
AT_ONCE = 200
STATEMENTS = {
    "en": "I was joking with a friend of mine. Please look again.",
    "zh": "我只是在和朋友开玩笑，请再看一下。",
}


def populate(strategy: Path, posts: pl.DataFrame, done: Callable[[int], None]) -> None:
    """Publish the strategy, take the posts in, and let people report some and appeal against some decisions.

    Args:
        posts: the columns of `tables.ITEMS`, and `violates`.
        done: told after each batch how many posts are in.
    """
    publish(strategy, "the first version", actor=ACTOR)
    chance = random.Random(7)
    for start in range(0, len(posts), AT_ONCE):
        rows = list(posts[start : start + AT_ONCE].iter_rows(named=True))
        answers = take_in([_arrival(row) for row in rows])
        actions = [one.stands.action for one in answers if isinstance(one.stands, Decision)]
        both = zip(rows, actions, strict=True)
        record([event for row, action in both for event in _events(row, action, chance)])
        done(start + len(rows))


def review(posts: pl.DataFrame, done: Callable[[float], None]) -> int:
    """Let the demo's reviewers work on what is asked about these posts. Returns how many answers they
    gave."""
    chance = random.Random(11)
    truth = dict(posts.select("id", "policy").iter_rows())
    return work(add_reviewers(ACTOR, chance), truth, chance, done)


def add_people() -> dict[str, str]:
    """The demo's people, cleared for both zones; a new password of each by name."""
    passwords = {}
    for name, roles in PEOPLE.items():
        person, _ = set_person(name, Change(roles=roles, zones=sorted(ZONES.values())), actor=ACTOR)
        passwords[name] = "-".join(secrets.token_hex(2) for _ in range(4))
        person.set_password(passwords[name])
        person.save(update_fields=["password"])
    return passwords


def _arrival(row: dict[str, Any]) -> Arrival:
    return Arrival(
        ACTOR, ZONES[row["language"]], row["id"], {name: row[name] for name in CONTENT}, row["views"]
    )


def _events(row: dict[str, Any], action: str, chance: random.Random) -> Iterator[Occurrence]:
    """Harm is reported often and what is fine seldom; of those whose posts were removed some object."""
    zone, item = ZONES[row["language"]], row["id"]
    for number in range(chance.choices((0, 1, 2, 3), (4, 3, 2, 1) if row["violates"] else (97, 2, 1, 0))[0]):
        by = f"reader-{chance.randrange(5_000)}-{number}"
        yield Occurrence(ACTOR, zone, f"report-{item}-{number}", item, REPORT, by=by, reason="rude")
    if action == "remove" and chance.random() < 0.3:
        statement = STATEMENTS[row["language"]]
        yield Occurrence(
            ACTOR, zone, f"appeal-{item}", item, APPEAL, by=row["author_id"], statement=statement
        )

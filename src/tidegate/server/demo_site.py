"""The demo's service: a generated week in two zones, and people who sign in.

To be called after `boot` in that workspace, and on a database of its own.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

from tidegate.server import clock
from tidegate.server.content.actions import take_in
from tidegate.server.content.arrivals import CONTENT, Arrival
from tidegate.server.content.models import Decision
from tidegate.server.demo_review import add_reviewers, mark_golds, work
from tidegate.server.events.actions import record
from tidegate.server.events.occurrences import APPEAL, REPORT, Occurrence
from tidegate.server.launches.actions import publish
from tidegate.server.people.models import User
from tidegate.server.people.persons import Change, set_person
from tidegate.server.people.roles import need_second_factor

ZONES = {"en": "us", "zh": "sg"}
"""Where posts of a language are kept."""
PEOPLE = {
    "mo": ("moderator",),
    "ada": ("lead", "program_manager", "policy", "analyst", "auditor", "admin"),
    "ben": ("lead", "program_manager"),
}
CODES = 3
"""Recovery codes that are told of each who needs a second factor: as many times they can sign in."""
SHOWN = 2_000
"""Posts that are taken in: enough to look at, and in a few seconds."""
ACTOR = "demo"
AT_ONCE = 100
SETTLED = 0.3
"""The share of the week after which some answers are settled, and may be known."""
FRESH = 0.15
"""The share of the week, its end, on which nobody has worked yet: whoever looks at the demo has something to
do."""
STATEMENTS = {
    "en": "I was joking with a friend of mine. Please look again.",
    "zh": "我只是在和朋友开玩笑，请再看一下。",
}


def populate(strategy: Path, posts: pl.DataFrame, done: Callable[[int], None]) -> int:
    """Let the week of these posts go by, up to now: they are taken in and decided when they were posted, some
    are reported, some decisions appealed against, and reviewers work on what is asked. Returns their answers.

    Args:
        posts: the columns of `tables.ITEMS`, `violates` and `policy`.
        done: told after each batch how many posts are in.
    """
    chance, answers = random.Random(7), 0
    truth = dict(posts.select("id", "policy").iter_rows())
    posts = posts.sort("created_at")
    late = clock.now() - posts["created_at"].max()  # type: ignore[operator]
    posts = posts.with_columns(pl.col("created_at") + late)
    with clock.another_time():
        clock.set_to(posts["created_at"].min())  # type: ignore[arg-type]
        publish(strategy, "the first version", actor=ACTOR)
        workers = add_reviewers(ACTOR, chance)
        for start in range(0, len(posts), AT_ONCE):
            rows = list(posts[start : start + AT_ONCE].iter_rows(named=True))
            clock.set_to(rows[-1]["created_at"])
            decided = [answer.stands for answer in take_in([_arrival(row) for row in rows])]
            actions = [one.action if isinstance(one, Decision) else "" for one in decided]
            both = zip(rows, actions, strict=True)
            record([event for row, action in both for event in _events(row, action, chance)])
            if start <= len(posts) * SETTLED < start + AT_ONCE:
                mark_golds(ACTOR)
            if start < len(posts) * (1 - FRESH):
                answers += work(workers, truth, chance)
            done(start + len(rows))
    return answers


@dataclass(frozen=True)
class SignIn:
    """How one of the demo's people signs in: a password, and codes, each good for one time."""

    password: str
    codes: Sequence[str]


def add_people() -> dict[str, SignIn]:
    """The demo's people, cleared for both zones, with how each signs in."""
    found = {}
    for name, roles in PEOPLE.items():
        person, _ = set_person(name, Change(roles=roles, zones=sorted(ZONES.values())), actor=ACTOR)
        password = "-".join(secrets.token_hex(2) for _ in range(4))
        person.set_password(password)
        person.save(update_fields=["password"])
        codes = _second_factor(person) if need_second_factor(roles) else []
        found[name] = SignIn(password, codes)
    return found


def _second_factor(person: User) -> list[str]:
    """An authenticator app that nobody has, so that a recovery code is what one signs in with."""
    TOTP.activate(person, generate_totp_secret())
    return list(RecoveryCodes.activate(person).get_unused_codes()[:CODES])


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

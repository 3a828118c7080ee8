"""Randomised trials of how items are shown, on people who take part of their own will. See docs/care.md.

Nobody else learns who takes part: neither ledger nor pages hold it, and results come of whole groups alone.
"""

from __future__ import annotations

import random
import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Avg, F

from tidegate.errors import RunError, Where
from tidegate.measure.groups import effect
from tidegate.names import nearest
from tidegate.server.care.areas import AREAS, NONE
from tidegate.server.care.models import Part, Said, Trial
from tidegate.server.care.preferences import SWITCHES
from tidegate.server.care.settings import care
from tidegate.server.ledger.actions import Act, append
from tidegate.server.people.models import User
from tidegate.server.review.clock import now
from tidegate.server.zones.scope import SITE

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
BLOCK = (True, True, False, False)
"""Of every four people who were added one after the other two have the setting on."""
HEAVIEST_DAY = 10
LONGEST_MS = 300_000
"""At which the active time of a task is cut, so that it is bounded: what is that long was no look."""
LIMITS = {"heavy": (0.0, float(HEAVIEST_DAY)), "seconds": (0.0, LONGEST_MS / 1_000)}
"""What is compared, and between which limits each person's value lies."""


def running() -> Trial | None:
    return Trial.objects.filter(ended_at=None).first()


def begin(name: str, setting: str, areas: Collection[str], *, actor: str) -> Trial:
    """Begin a trial; people can take part from now on.

    Raises:
        RunError: another one runs, the name is none or taken, or there is no such setting or area.
    """
    if not NAME.fullmatch(name) or Trial.objects.filter(name=name).exists():
        raise RunError(
            f"'{name}' is no name for a new trial",
            where=Where(field="name"),
            remedy="Give small letters, digits and -, such as blur-2027, that no other trial has.",
        )
    if setting not in SWITCHES:
        raise RunError(
            f"there is no setting '{setting}'",
            where=Where(field="setting"),
            remedy=f"{nearest(setting, SWITCHES)}Settings are {', '.join(SWITCHES)}.",
        )
    for area in areas:
        if area not in AREAS:
            raise RunError(
                f"there is no harm area '{area}'",
                where=Where(field="areas"),
                remedy=f"{nearest(area, AREAS)}Areas are {', '.join(AREAS[:-1])}.",
            )
    wanted = sorted(set(areas) - {NONE})
    if not wanted:
        raise RunError(
            "a trial is about a harm area", where=Where(field="areas"), remedy="Name one at least."
        )
    try:
        with transaction.atomic():
            made = Trial.objects.create(
                name=name, setting=setting, areas=wanted, seed=secrets.token_hex(16), begun_at=now()
            )
            details = {"setting": setting, "areas": wanted}
            append([Act(actor, "trial.begun", SITE, f"trial:{name}", details)])
    except IntegrityError as error:
        raise RunError(
            "another trial runs", where=Where(field="name"), remedy="End it first: one runs at a time."
        ) from error
    return made


def take_part(person: User) -> None:
    """Take part in the trial that runs; chance says in which group. Again is the same as once, also after
    having left: who could be drawn anew would choose their group, and groups would differ in who is in them.

    Raises:
        RunError: none runs.
    """
    with transaction.atomic():
        trial = Trial.objects.select_for_update(no_key=True).filter(ended_at=None).first()
        if trial is None:
            raise RunError("no trial runs", remedy="There is nothing to take part in.")
        if Part.objects.filter(trial=trial, person=person).exists():
            return
        Part.objects.create(trial=trial, person=person, on=group(trial.seed, person.pk), at=now())


def leave(person: User) -> None:
    """Take part no more. All that the trial knew of this person is deleted."""
    Part.objects.filter(person=person, trial__ended_at=None).delete()


def part_of(person: User) -> Part | None:
    return Part.objects.filter(person=person, trial__ended_at=None).select_related("trial").first()


def say(person: User, heavy: int, day: date) -> None:
    """Say how heavy a day was, in place of what was said of it before.

    Raises:
        RunError: that is no number from 0 to 10, or they do not take part.
    """
    if not 0 <= heavy <= HEAVIEST_DAY:
        raise RunError(
            f"say it from 0 to {HEAVIEST_DAY}", where=Where(field="heavy"), remedy="0 is not heavy at all."
        )
    part = part_of(person)
    if part is None:
        raise RunError("you take part in no trial", remedy="There is nothing to say here.")
    Said.objects.update_or_create(part=part, day=day, defaults={"heavy": heavy})


def tally(person: User, active_ms: int) -> None:
    """Count a task that somebody has answered or left, where they take part."""
    cut = max(0, min(active_ms, LONGEST_MS))
    Part.objects.filter(person=person, trial__ended_at=None).update(
        tasks=F("tasks") + 1, active_ms=F("active_ms") + cut
    )


def is_enough(trial: Trial) -> bool:
    """Whether both groups are as large as they must be: those who have said how heavy a day was."""
    heard = Part.objects.filter(trial=trial, said__isnull=False).distinct()
    return all(heard.filter(on=on).count() >= care().trial_group for on in (True, False))


def end(name: str, *, actor: str) -> Trial:
    """End a trial: its result is made, where groups are large enough, and who took part is forgotten.

    Raises:
        RunError: no trial of this name runs.
    """
    with transaction.atomic():
        trial = Trial.objects.select_for_update(no_key=True).filter(name=name, ended_at=None).first()
        if trial is None:
            raise RunError(
                f"no trial named '{name}' runs",
                where=Where(field="name"),
                remedy=nearest(name, Trial.objects.filter(ended_at=None).values_list("name", flat=True)),
            )
        trial.result = results(trial) if is_enough(trial) else None
        trial.ended_at = now()
        trial.save(update_fields=["result", "ended_at"])
        trial.parts.all().delete()
        append([Act(actor, "trial.ended", SITE, f"trial:{name}", {"shown": trial.result is not None})])
    return trial


def results(trial: Trial) -> dict[str, Any]:
    """Of what people said (`heavy`, 0–10) and of active seconds a task (`seconds`): both groups' means and
    their difference, on − off, with 95 % intervals. What has a value of too few people is left out."""
    values: Mapping[str, Mapping[bool, list[float]]] = {name: {True: [], False: []} for name in LIMITS}
    for part in trial.parts.annotate(mean=Avg("said__heavy")).filter(mean__isnull=False):
        values["heavy"][part.on].append(part.mean)
        if part.tasks:
            values["seconds"][part.on].append(part.active_ms / part.tasks / 1_000)
    return {
        name: asdict(effect(sorted(groups[True]), sorted(groups[False]), LIMITS[name]))
        for name, groups in values.items()
        if min(len(groups[True]), len(groups[False])) >= care().trial_group
    }


def group(seed: str, number: int) -> bool:
    """Whether the setting is on for the person of this number, in blocks of four.

    It hangs on nothing but the person and the trial's secret: nothing need be kept of those who left, and
    nobody can tell, or change by coming sooner or later, what it will be.
    """
    block = list(BLOCK)
    random.Random(f"{seed}:{number // len(BLOCK)}").shuffle(block)
    return block[number % len(BLOCK)]


def ended() -> list[Trial]:
    """Trials that have ended, the newest first."""
    return list(Trial.objects.exclude(ended_at=None).order_by("-ended_at"))

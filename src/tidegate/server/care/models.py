"""What care keeps of people. None of it is of a zone: a person's hour is one, whatever zones they work in.

Nothing but the pages under /care/ may show it, and these show it to the person: see docs/care.md.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Exposure(models.Model):
    """That somebody was given a task of this weight."""

    person = models.ForeignKey("people.User", on_delete=models.CASCADE, related_name="exposures")
    at = models.DateTimeField()
    weight = models.IntegerField()
    """Points: see `priority.SEVERITY`."""
    area = models.CharField(max_length=40)
    """Of harm; empty where none is suspected."""
    handle = models.UUIDField(null=True)
    """Of the task, until it was answered or left: then it is forgotten."""
    window = models.UUIDField(null=True)
    """The only browser window that has had the task, which alone can say that nobody has seen it."""

    class Meta:
        indexes = [
            models.Index(fields=["person", "at"], name="exposure_of_person"),
            models.Index(
                fields=["handle"], name="exposure_of_task", condition=models.Q(handle__isnull=False)
            ),
        ]


class Limits(models.Model):
    """Lower limits than the site's that a lead set for somebody; null where the site's holds."""

    person = models.OneToOneField(
        "people.User", on_delete=models.CASCADE, primary_key=True, related_name="limits"
    )
    per_hour = models.IntegerField(null=True)
    per_day = models.IntegerField(null=True)
    per_week = models.IntegerField(null=True)


class Stretch(models.Model):
    """How long somebody has worked since their last break, and whether they have stepped away."""

    person = models.OneToOneField(
        "people.User", on_delete=models.CASCADE, primary_key=True, related_name="stretch"
    )
    active_ms = models.BigIntegerField(default=0)
    last_at = models.DateTimeField(null=True)
    """When they last answered or left a task."""
    away = models.BooleanField(default=False)


class Preview(models.TextChoices):
    """How large pictures and videos are shown before they are opened."""

    SMALL = "small", _("small")
    MEDIUM = "medium", _("medium")
    FULL = "full", _("full size")


class Preference(models.Model):
    """How somebody wants items of one harm area shown. No row: as `preferences.usual` has it."""

    person = models.ForeignKey("people.User", on_delete=models.CASCADE, related_name="preferences")
    area = models.CharField(max_length=40, blank=True)
    """Empty for what is suspected of nothing."""
    blur = models.BooleanField()
    greyscale = models.BooleanField()
    mute = models.BooleanField()
    still = models.BooleanField()
    """Nothing plays by itself."""
    mask = models.BooleanField()
    """The text is covered until it is asked for."""
    preview = models.CharField(max_length=10, choices=Preview.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "area"], name="preference_once")]


class OptOut(models.Model):
    """That somebody is not to be given what is suspected of a harm area."""

    person = models.ForeignKey("people.User", on_delete=models.CASCADE, related_name="opt_outs")
    area = models.CharField(max_length=40)
    since = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "area"], name="opt_out_once")]


class Trial(models.Model):
    """A question to chance: does a setting make a difference to the people here?

    `seed` is its secret, from which the groups are drawn; those who have left leave no trace. `result` is
    made once, when it ends.
    """

    name = models.CharField(max_length=60, unique=True)
    setting = models.CharField(max_length=20)
    areas = models.JSONField()
    seed = models.CharField(max_length=64)
    assigned = models.IntegerField(default=0)
    """By which former versions drew; their processes may still run beside this one."""
    begun_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    result = models.JSONField(null=True)
    """See `trials.results`; null where the groups were too small, or it is not ended."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                models.Value(1), condition=models.Q(ended_at=None), name="one_trial_at_a_time"
            )
        ]


class Part(models.Model):
    """That somebody takes part in a trial, of their own will, and in which group."""

    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="parts")
    person = models.ForeignKey("people.User", on_delete=models.CASCADE, related_name="parts")
    on = models.BooleanField()
    """Whether the setting is on for them."""
    at = models.DateTimeField()
    tasks = models.IntegerField(default=0)
    active_ms = models.BigIntegerField(default=0)
    """Over their tasks, each cut at `trials.LONGEST_MS`."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["trial", "person"], name="part_once")]


class Said(models.Model):
    """How heavy somebody's day was, from 0 to 10, while they take part in a trial."""

    part = models.ForeignKey(Part, on_delete=models.CASCADE, related_name="said")
    day = models.DateField()
    heavy = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["part", "day"], name="said_once_a_day")]

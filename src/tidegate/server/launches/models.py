"""Published strategies: versions that never change, which was active when, and what is switched off."""

from __future__ import annotations

from django.db import models


class StrategyVersion(models.Model):
    """One version of a strategy, as it was published.

    One that switches made of another names it as its `base`.
    """

    name = models.CharField(max_length=100)
    number = models.IntegerField()
    label = models.CharField(max_length=100)
    text = models.TextField()
    digest = models.CharField(max_length=64)
    message = models.TextField()
    published_at = models.DateTimeField()
    published_by = models.CharField(max_length=120)
    base = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="switched")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "number"], name="strategy_version_once")]


class Activation(models.Model):
    """From here on this version decides. The newest row is the one that holds."""

    version = models.ForeignKey(StrategyVersion, on_delete=models.PROTECT)
    at = models.DateTimeField()
    by = models.CharField(max_length=120)


class Proposal(models.Model):
    """That somebody asks for a version to decide, and what a second person said. See `four_eyes`."""

    version = models.ForeignKey(StrategyVersion, on_delete=models.PROTECT, related_name="proposals")
    reason = models.TextField()
    at = models.DateTimeField()
    by = models.CharField(max_length=120)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=120, default="", blank=True)
    agreed = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version"], condition=models.Q(ended_at=None), name="proposed_once_at_a_time"
            )
        ]


class Kind(models.TextChoices):
    """What can be switched off."""

    RULE = "rule"
    DETECTOR = "detector"
    STRATEGY = "strategy"
    EVERYTHING = "everything"


class Switch(models.Model):
    """Something that was switched off, and on again.

    Attributes:
        strategy: whose rule it is, or which is stopped; empty for detectors and everything.
        name: of the rule or the detector; empty for strategies and everything.
    """

    kind = models.CharField(max_length=20, choices=Kind.choices)
    strategy = models.CharField(max_length=100)
    name = models.CharField(max_length=100)
    reason = models.TextField()
    off_at = models.DateTimeField()
    off_by = models.CharField(max_length=120)
    on_at = models.DateTimeField(null=True)
    on_by = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "strategy", "name"],
                condition=models.Q(on_at=None),
                name="switched_off_once",
            )
        ]

    def __str__(self) -> str:
        if self.kind == Kind.EVERYTHING:
            return "everything"
        return f"{self.kind} {self.strategy if self.kind == Kind.STRATEGY else self.name}"

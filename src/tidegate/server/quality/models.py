"""Items whose answer is known."""

from __future__ import annotations

from django.db import models

from tidegate.server.zones.managers import Scoped


class How(models.TextChoices):
    """By what an answer was settled."""

    ARBITRATION = "arbitration"
    APPEAL = "appeal"
    AGREEMENT = "agreement"


class Because(models.TextChoices):
    """Why a gold is retired. Answers on mistaken ones count for nobody."""

    WORN = "worn"
    MISTAKEN = "mistaken"
    ERASED = "erased"


class Gold(models.Model):
    """A version of an item whose answer is settled: asked of people to see whether they find it."""

    zone = models.CharField(max_length=40)
    item = models.ForeignKey("content.Item", on_delete=models.PROTECT, related_name="+")
    item_version = models.IntegerField()
    violates = models.BooleanField()
    policy = models.CharField(max_length=200, null=True)
    policy_version = models.CharField(max_length=300, null=True)
    """Of `policy`; where it does not violate, of `suspected`."""
    how = models.CharField(max_length=20, choices=How.choices)
    queue = models.CharField(max_length=200)
    """Where it is slipped in."""
    suspected = models.CharField(max_length=200, null=True)
    """The policy that it was asked about under; null where none was suspected."""
    language = models.TextField(null=True)
    severity = models.IntegerField()
    marked_by = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="+")
    marked_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)
    retired_because = models.CharField(max_length=20, choices=Because.choices, default="", blank=True)

    objects = Scoped()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "item_version"], name="gold_once_per_version")]
        indexes = [
            models.Index(
                fields=["zone", "queue"], name="gold_in_use", condition=models.Q(retired_at__isnull=True)
            )
        ]

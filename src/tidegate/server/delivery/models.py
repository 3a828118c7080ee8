"""Endpoints of platforms, and what is to be delivered to each: the outbox."""

from __future__ import annotations

import uuid

from django.db import models

from tidegate.server.zones.managers import Scoped

DECIDED, UNDONE = "item.decided", "item.undone"
EVENTS = (DECIDED, UNDONE)
"""What a delivery may tell."""


class State(models.TextChoices):
    """Where a delivery stands. All but WAITING are ends; `resend` leads back from DEAD."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    UNDONE = "undone"
    DEAD = "dead"


class Endpoint(models.Model):
    """An address of a platform that is told what was decided in one zone."""

    name = models.CharField(max_length=100, unique=True)
    zone = models.SlugField(max_length=40)
    url = models.TextField()
    secret = models.CharField(max_length=120)
    old_secret = models.CharField(max_length=120, default="", blank=True)
    old_until = models.DateTimeField(null=True)
    """Until then what is sent is signed with the old secret too."""
    events = models.JSONField(default=list)
    delay_s = models.FloatField(default=0)
    """How long a decision waits before it leaves, so that it can be undone."""
    active = models.BooleanField(default=True)
    removed = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    objects = Scoped()

    def __str__(self) -> str:
        return f"webhook:{self.name}"


class Delivery(models.Model):
    """One message to one endpoint. Its body is made when it is sent; decisions never change."""

    message_id = models.UUIDField(default=uuid.uuid4, unique=True)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="deliveries")
    item = models.ForeignKey("content.Item", on_delete=models.PROTECT, related_name="deliveries")
    decision = models.ForeignKey("content.Decision", on_delete=models.PROTECT, related_name="deliveries")
    event = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    set_at = models.DateTimeField()
    """When `due_at` was set. A time in the future tells that the clock has stepped back since."""
    due_at = models.DateTimeField()
    attempts = models.IntegerField(default=0)
    claim = models.UUIDField(null=True)
    claimed_at = models.DateTimeField(null=True)
    """The last claim; it stays, since what was claimed once may have arrived."""
    claimed_until = models.DateTimeField(null=True)
    """The end of a claim that is held; null where none is."""
    ended_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, default="", blank=True)

    objects = Scoped()
    zone_by = "item__zone"

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "decision", "event"], name="told_once_per_endpoint")
        ]
        indexes = [
            models.Index(
                fields=["endpoint", "due_at"], name="delivery_due", condition=models.Q(state="waiting")
            ),
            models.Index(
                fields=["endpoint", "item", "id"],
                name="delivery_before",
                condition=models.Q(state="waiting"),
            ),
            models.Index(fields=["item", "endpoint", "id"], name="delivery_of_item"),
            models.Index(fields=["endpoint"], name="delivery_dead", condition=models.Q(state="dead")),
        ]

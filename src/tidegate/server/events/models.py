"""Events on items, each known by its zone and the platform's own id for it."""

from __future__ import annotations

from django.db import models

from tidegate.server.content.models import Item
from tidegate.server.zones.managers import Scoped


class Event(models.Model):
    """A report, an appeal or a count of views."""

    zone = models.CharField(max_length=40)
    external_id = models.CharField(max_length=512)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="events")
    type = models.CharField(max_length=10)
    by = models.TextField(null=True)
    """Who reports or appeals: a pseudonym of the platform's."""
    reason = models.TextField(null=True)
    statement = models.TextField(null=True)
    views = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    digest = models.CharField(max_length=64)
    salt = models.BinaryField(max_length=16)

    objects = Scoped()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["zone", "external_id"], name="event_once_per_zone")]
        indexes = [models.Index(fields=["item", "type", "by"], name="event_of_item")]

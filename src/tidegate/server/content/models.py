"""Items, the versions of their content, and the decisions on them."""

from __future__ import annotations

from django.db import models

from tidegate.server.zones.managers import Scoped

PEOPLE = "people"
"""The strategy, and the arm, of decisions that people made."""


class Item(models.Model):
    """Something that a platform sent, known by its zone and the platform's own id."""

    zone = models.CharField(max_length=40)
    external_id = models.CharField(max_length=512)
    version = models.IntegerField()
    digest = models.CharField(max_length=64)
    author_id = models.TextField(null=True)
    views = models.BigIntegerField(null=True)
    reports = models.BigIntegerField(default=0)
    first_at = models.DateTimeField()
    acted_at = models.DateTimeField(null=True)
    """Since when the standing decision is one to act; null where it is not."""
    removed_at = models.DateTimeField(null=True)
    pending_since = models.DateTimeField(null=True)
    """Since when the newest version waits for signals; null where it is decided. `Pending` has the rest."""

    objects = Scoped()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["zone", "external_id"], name="item_once_per_zone")]
        indexes = [
            # What an author did lately is counted by these alone: see `counts`.
            models.Index(
                fields=["zone", "author_id", "first_at"],
                name="item_of_author",
                condition=models.Q(author_id__isnull=False),
            ),
            models.Index(
                fields=["zone", "author_id", "acted_at", "removed_at"],
                name="item_of_author_acted_on",
                condition=models.Q(acted_at__isnull=False),
            ),
        ]


class ItemVersion(models.Model):
    """The content of an item as it was at one time; the columns of `tables.ITEMS`."""

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="versions")
    number = models.IntegerField()
    kind = models.CharField(max_length=10)
    text = models.TextField(null=True)
    media = models.TextField(null=True)
    language = models.TextField(null=True)
    market = models.TextField(null=True)
    surface = models.TextField(null=True)
    author_id = models.TextField(null=True)
    created_at = models.DateTimeField(null=True)
    context = models.TextField(null=True)
    received_at = models.DateTimeField()
    salt = models.BinaryField(max_length=16)

    objects = Scoped()
    zone_by = "item__zone"

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "number"], name="version_once_per_item")]


class Decision(models.Model):
    """What was decided on a version; the columns of `tables.DECISIONS`."""

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="decisions")
    item_version = models.IntegerField()
    strategy = models.CharField(max_length=100)
    strategy_version = models.CharField(max_length=100)
    arm = models.CharField(max_length=40)
    action = models.CharField(max_length=60)
    rule = models.CharField(max_length=200, null=True)
    policy = models.CharField(max_length=200, null=True)
    queue = models.CharField(max_length=200, null=True)
    escalate = models.CharField(max_length=200, null=True)
    reason = models.TextField()
    failure = models.TextField(null=True)
    values = models.TextField()
    detectors = models.TextField()
    signals = models.TextField(default="{}")
    """All that was computed, by detector and field; `values` holds what the strategy read."""
    search = models.TextField(null=True)
    """Of a query, what the search box does. Kept, since policies change and every try tells the same."""
    cost_ms = models.FloatField()
    cost_money = models.FloatField()
    audit_probability = models.FloatField()
    audited = models.BooleanField()
    decided_at = models.DateTimeField()

    objects = Scoped()
    zone_by = "item__zone"


class Pending(models.Model):
    """An item whose newest version waits for signals: what workers finish. Gone when it is decided."""

    item = models.OneToOneField(Item, on_delete=models.PROTECT, primary_key=True, related_name="pending")
    item_version = models.IntegerField()
    strategy = models.CharField(max_length=100)
    strategy_version = models.CharField(max_length=100)
    waits_for = models.CharField(max_length=200)
    """The detector that did not answer in time."""
    signals = models.TextField()
    """What was computed by then, by detector and field."""
    detectors = models.TextField()
    """The versions of the detectors that computed it."""
    search = models.TextField(null=True)
    since = models.DateTimeField()
    claim = models.UUIDField(null=True)
    claimed_at = models.DateTimeField(null=True)
    claimed_until = models.DateTimeField(null=True)
    """The end of a claim that is held; null where none is."""

    objects = Scoped()
    zone_by = "item__zone"

    class Meta:
        indexes = [models.Index(fields=["since"], name="pending_since")]


class AuditStream(models.Model):
    """What an audit plan with a daily budget remembers between batches: see `measure.streaming`."""

    plan = models.CharField(max_length=300, primary_key=True)
    state = models.JSONField(default=dict)

"""Published strategies: versions that never change, and which of them was active when."""

from __future__ import annotations

from django.db import models


class StrategyVersion(models.Model):
    """One version of a strategy, as it was published."""

    name = models.CharField(max_length=100)
    number = models.IntegerField()
    label = models.CharField(max_length=100)
    text = models.TextField()
    digest = models.CharField(max_length=64)
    message = models.TextField()
    published_at = models.DateTimeField()
    published_by = models.CharField(max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "number"], name="strategy_version_once")]


class Activation(models.Model):
    """From here on this version decides. The newest row is the one that holds."""

    version = models.ForeignKey(StrategyVersion, on_delete=models.PROTECT)
    at = models.DateTimeField()
    by = models.CharField(max_length=120)

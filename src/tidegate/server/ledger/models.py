"""The rows of the ledger, and where it ends."""

from __future__ import annotations

from django.db import models

from tidegate.server.zones.managers import Scoped


class Entry(models.Model):
    """One act. `digest` is over all other columns and the digest of the row before."""

    number = models.BigIntegerField(primary_key=True)
    at = models.CharField(max_length=32)
    actor = models.CharField(max_length=120)
    act = models.CharField(max_length=40)
    zone = models.CharField(max_length=40)
    subject = models.CharField(max_length=200)
    details = models.TextField()
    evidence = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)

    objects = Scoped()
    zone_common = True


class Head(models.Model):
    """The last row's number and digest: one row, which every writer locks in turn."""

    number = models.BigIntegerField()
    digest = models.CharField(max_length=64)

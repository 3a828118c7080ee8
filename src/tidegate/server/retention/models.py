"""Legal holds, and which daily work is done."""

from __future__ import annotations

from django.db import models

from tidegate.server.zones.managers import Scoped


class Hold(models.Model):
    """Nothing about one item, or one author, is erased while it stands."""

    zone = models.CharField(max_length=40)
    item = models.CharField(max_length=512, blank=True, default="")
    """The platform's id of an item; empty where an author is held."""
    author = models.CharField(max_length=512, blank=True, default="")
    reason = models.TextField()
    set_at = models.DateTimeField()
    set_by = models.CharField(max_length=120)
    released_at = models.DateTimeField(null=True)

    objects = Scoped()


class Daily(models.Model):
    """That a piece of daily work was begun on a day, by one of the workers, and ended."""

    work = models.CharField(max_length=40)
    day = models.DateField()
    begun_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["work", "day"], name="work_once_a_day")]

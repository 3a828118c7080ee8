"""Who reads the views: roles of the database, each with its zones."""

from __future__ import annotations

from django.db import models


class Reader(models.Model):
    """That a role of PostgreSQL reads a zone. The views look here; the service does not."""

    role = models.CharField(max_length=63)
    zone = models.CharField(max_length=40)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["role", "zone"], name="reader_once_per_zone")]

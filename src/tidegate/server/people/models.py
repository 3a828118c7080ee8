"""People, zones, and the keys of integrations."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """Somebody who signs in."""


class ApiKey(models.Model):
    """The key of one integration, for one zone. The key itself is not stored, only its SHA-256."""

    name = models.CharField(max_length=100, unique=True)
    zone = models.SlugField(max_length=40)
    scopes = models.JSONField(default=list)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"key:{self.name}"

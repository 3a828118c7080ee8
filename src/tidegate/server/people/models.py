"""People, their roles and zones, and the keys of integrations."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.crypto import salted_hmac

from tidegate.server.zones.managers import Scoped


class User(AbstractUser):
    """Somebody who signs in. In the ledger they are `person:ID`, which says nothing once they are erased."""

    language = models.CharField(max_length=10, blank=True, default="")
    """Of the pages; empty for the browser's."""
    time_zone = models.CharField(max_length=64, default="UTC")
    erased_at = models.DateTimeField(null=True)
    sessions_ended_at = models.DateTimeField(null=True)
    """Sessions that began before are over. Null where none was ever ended."""

    @property
    def actor(self) -> str:
        return f"person:{self.pk}"

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session must still hold to be good; Django compares it at every request."""
        own: str = super()._get_session_auth_hash(secret)
        if self.sessions_ended_at is None:
            return own
        ended = f"{own} {self.sessions_ended_at.isoformat()}"
        return salted_hmac("tidegate.sessions", ended, secret=secret, algorithm="sha256").hexdigest()


class Role(models.Model):
    """That somebody has a role of `roles.TABLE`."""

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="given_roles")
    name = models.CharField(max_length=30)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "name"], name="role_once")]


class Clearance(models.Model):
    """That somebody may see a zone."""

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="clearances")
    zone = models.CharField(max_length=40)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "zone"], name="clearance_once")]


class ApiKey(models.Model):
    """The key of one integration, for one zone. The key itself is not stored, only its SHA-256."""

    name = models.CharField(max_length=100, unique=True)
    zone = models.SlugField(max_length=40)
    scopes = models.JSONField(default=list)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    per_minute = models.PositiveIntegerField(null=True)
    """Items that it may send a minute; null for no limit."""
    last_used_at = models.DateTimeField(null=True)
    """To the minute."""

    objects = Scoped()

    def __str__(self) -> str:
        return f"key:{self.name}"


class Allowance(models.Model):
    """What a key with a limit may still send: `left` items at the time `at`."""

    key = models.OneToOneField(ApiKey, on_delete=models.CASCADE, primary_key=True)
    left = models.FloatField()
    at = models.DateTimeField()


class Cached(models.Model):
    """What counts failed attempts to sign in: Django's cache in the database, which asks for this shape."""

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

"""What policies said before: the workspace's files are what holds, and these rows are their history."""

from __future__ import annotations

from django.db import models


class PolicyText(models.Model):
    """A policy and its golden cases as somebody saved them on the page; of the whole site, not of a zone."""

    policy = models.CharField(max_length=200)
    version = models.CharField(max_length=64)
    """SHA-256 of the text, as in `policy.model.Policy.version`."""
    text = models.TextField()
    golden = models.TextField()
    message = models.TextField()
    saved_at = models.DateTimeField()
    saved_by = models.CharField(max_length=120)

    class Meta:
        indexes = [models.Index(fields=["policy", "-id"], name="policy_text_newest")]

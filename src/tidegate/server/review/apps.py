from __future__ import annotations

from django.apps import AppConfig


class ReviewConfig(AppConfig):
    name = "tidegate.server.review"
    label = "review"

    def ready(self) -> None:
        import tidegate.server.review.signing_out  # noqa: F401 - it listens

from __future__ import annotations

from django.apps import AppConfig


class ContentConfig(AppConfig):
    name = "tidegate.server.content"
    label = "content"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate

        from tidegate.server.sqlite.planning import tell_planner

        post_migrate.connect(tell_planner, sender=self, dispatch_uid="planner")

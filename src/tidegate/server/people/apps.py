from __future__ import annotations

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "tidegate.server.people"
    label = "people"

    def ready(self) -> None:
        from tidegate.server.people import recording  # noqa: F401  (its receivers listen from then on)

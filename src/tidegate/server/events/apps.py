from __future__ import annotations

from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "tidegate.server.events"
    label = "events"

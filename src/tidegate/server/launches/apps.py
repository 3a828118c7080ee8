from __future__ import annotations

from django.apps import AppConfig


class LaunchesConfig(AppConfig):
    name = "tidegate.server.launches"
    label = "launches"

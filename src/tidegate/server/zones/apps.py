from __future__ import annotations

from django.apps import AppConfig


class ZonesConfig(AppConfig):
    name = "tidegate.server.zones"
    label = "zones"

    def ready(self) -> None:
        from django.db.backends.signals import connection_created

        from tidegate.server.zones.telling import tell_the_scope

        connection_created.connect(tell_the_scope, dispatch_uid="zones")

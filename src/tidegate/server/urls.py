"""Where everything is reached."""

from __future__ import annotations

from django.urls import path

from tidegate.server.api import api

urlpatterns = [path("api/v1/", api.urls)]

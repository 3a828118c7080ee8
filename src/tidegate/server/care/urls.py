"""Where somebody's own care is reached: under one address, which logs and metrics know as one."""

from __future__ import annotations

from django.urls import path

from tidegate.server.care import pages

urlpatterns = [
    path("", pages.home, name="care"),
    path("state", pages.standing, name="care_state"),
    path("away", pages.away, name="care_away"),
    path("back", pages.back, name="care_back"),
    path("showing/", pages.showing, name="care_showing"),
    path("areas/", pages.areas, name="care_areas"),
    path("exposure/", pages.exposure, name="care_exposure"),
    path("trials/", pages.taking_part, name="care_trials"),
]

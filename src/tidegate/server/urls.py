"""Where everything is reached. Each page says itself who may open it: see `people.access`."""

from __future__ import annotations

from django.urls import include, path

import tidegate.server.ids_in_paths  # noqa: F401 - the converter that the routes name
from tidegate.server.api import api
from tidegate.server.api.moderations import moderations
from tidegate.server.care import team
from tidegate.server.cases.pages import cases, item
from tidegate.server.console.pages import design
from tidegate.server.launches import pages as launches
from tidegate.server.ledger.pages import acts
from tidegate.server.ops.pages import live, metrics, ready
from tidegate.server.review import pages as review

urlpatterns = [
    path("api/v1/", api.urls),
    path("v1/", moderations.urls),
    path("health/live", live),
    path("health/ready", ready),
    path("metrics", metrics),
    path("", include("tidegate.server.people.urls")),
    path("console/design/", design, name="design"),
    path("cases/", cases, name="cases"),
    path("items/<slug:zone>/<anytext:external_id>", item, name="item"),
    path("review/", review.review, name="review"),
    path("review/keys/", review.keys, name="review_keys"),
    path("review/take", review.take, name="review_take"),
    path("review/answer", review.answered, name="review_answer"),
    path("review/undo", review.taken_back, name="review_undo"),
    path("review/skip", review.skipped, name="review_skip"),
    path("review/hold", review.held, name="review_hold"),
    path("review/send", review.sent, name="review_send"),
    path("review/escalate", review.escalated, name="review_escalate"),
    path("review/return", review.returned, name="review_return"),
    path("care/", include("tidegate.server.care.urls")),
    path("care-team/", team.team, name="care_team"),
    path("care-team/limits", team.limits, name="care_limits"),
    path("care-team/begin", team.begin, name="care_begin"),
    path("care-team/end", team.end, name="care_end"),
    path("ledger/", acts, name="ledger"),
    path("launches/", launches.launches, name="launches"),
    path("launches/publish", launches.publish, name="publish"),
    path("launches/switch-off", launches.switch_off, name="switch_off"),
    path("launches/switch-on", launches.switch_on, name="switch_on"),
    path("launches/<str:name>/<int:number>/", launches.version, name="version"),
    path("launches/<str:name>/<int:number>/activate", launches.activate, name="activate"),
]

handler404 = "tidegate.server.nowhere.nowhere"

"""Where everything is reached. Each page says itself who may open it: see `people.access`."""

from __future__ import annotations

from django.urls import include, path

import tidegate.server.ids_in_paths  # noqa: F401 - the converter that the routes name
from tidegate.server.api import api
from tidegate.server.api.moderations import moderations
from tidegate.server.care import team
from tidegate.server.cases.pages import cases, item
from tidegate.server.console.pages import design
from tidegate.server.figures.pages import figures
from tidegate.server.launches import drafts
from tidegate.server.launches import pages as launches
from tidegate.server.ledger.pages import acts
from tidegate.server.ops.pages import live, metrics, ready
from tidegate.server.policies.pages import edit, policies, policy
from tidegate.server.quality import gold_pages, people_pages, queue_pages
from tidegate.server.queries.pages import queries
from tidegate.server.review import alike_pages
from tidegate.server.review import pages as review

urlpatterns = [
    path("api/v1/", api.urls),
    path("v1/", moderations.urls),
    path("health/live", live),
    path("health/ready", ready),
    path("metrics", metrics),
    path("", include("tidegate.server.people.urls")),
    path("policies/", policies, name="policies"),
    path("policies/<slug:name>/", policy, name="policy"),
    path("policies/<slug:name>/edit", edit, name="edit_policy"),
    path("queries/", queries, name="queries"),
    path("figures/", figures, name="figures"),
    path("console/design/", design, name="design"),
    path("cases/", cases, name="cases"),
    path("items/<slug:zone>/<anytext:external_id>", item, name="item"),
    path("review/", review.review, name="review"),
    path("review/keys/", review.keys, name="review_keys"),
    path("review/take", review.take, name="review_take"),
    path("review/words", review.words_moved, name="review_words"),
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
    path("quality/golds/", gold_pages.page, name="golds"),
    path("quality/golds/mark", gold_pages.mark, name="mark_gold"),
    path("quality/golds/<int:gold>/retire", gold_pages.retire, name="retire_gold"),
    path("quality/queues/", queue_pages.page, name="queues"),
    path("quality/queues/reserve", queue_pages.reserve, name="reserve"),
    path("quality/people/", people_pages.page, name="reviewers"),
    path("quality/people/<int:number>/", people_pages.person, name="reviewer"),
    path("quality/people/<int:number>/open", people_pages.open_again, name="open_again"),
    path("review/alike/<uuid:handle>/", alike_pages.page, name="alike"),
    path("review/alike/answer", alike_pages.answered, name="alike_answer"),
    path("review/alike/renew", alike_pages.renewed, name="alike_renew"),
    path("review/alike/undo", alike_pages.taken_back, name="alike_undo"),
    path("ledger/", acts, name="ledger"),
    path("launches/", launches.launches, name="launches"),
    path("launches/draft", drafts.draft, name="draft"),
    path("launches/switch-off", launches.switch_off, name="switch_off"),
    path("launches/switch-on", launches.switch_on, name="switch_on"),
    path("launches/<str:name>/<int:number>/", launches.version, name="version"),
    path("launches/<str:name>/<int:number>/activate", launches.activate, name="activate"),
    path("launches/<str:name>/<int:number>/try", drafts.try_version, name="try_version"),
    path("launches/proposals/<int:proposal>/agree", launches.agree_to, name="agree_to"),
    path("launches/proposals/<int:proposal>/decline", launches.decline_it, name="decline_it"),
]

handler404 = "tidegate.server.nowhere.nowhere"

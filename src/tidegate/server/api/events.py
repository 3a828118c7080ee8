"""The routes of events: what happens to items after they were sent."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Body, Router

from tidegate.server.api.event_schemas import (
    AppealIn,
    EventsIn,
    EventsOut,
    OneOrManyEvents,
    ReportIn,
    ViewsIn,
)
from tidegate.server.api.keys import Key
from tidegate.server.api.limits import take_off
from tidegate.server.api.problems import PROBLEMS, ProblemError
from tidegate.server.api.rendering import stands
from tidegate.server.api.schemas import ProblemOut
from tidegate.server.events.actions import EventError, OtherEventError, record
from tidegate.server.events.occurrences import Occurrence
from tidegate.server.people.models import ApiKey

router = Router(tags=["events"])


@router.post(
    "/events",
    auth=Key("events"),
    response={200: EventsOut, 404: ProblemOut, 409: ProblemOut, **PROBLEMS},
)
def post_events(request: HttpRequest, response: HttpResponse, body: Body[OneOrManyEvents]) -> dict[str, Any]:
    """Record a report, an appeal or a count of views, or up to 1,000 of them. A retry is safe."""
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    many = isinstance(body, EventsIn)
    sent = body.events if isinstance(body, EventsIn) else [body]
    take_off(key, len(sent), response)
    try:
        outcomes = record([_occurrence(one, key) for one in sent])
    except EventError as error:
        status = HTTPStatus.CONFLICT if isinstance(error, OtherEventError) else HTTPStatus.NOT_FOUND
        field = f"events.{error.place}.{error.where.field}" if many else error.where.field
        raise ProblemError(status, error.what, field=field, remedy=error.remedy) from error
    return {
        "events": [
            {
                "id": one.id,
                "decided_anew": outcome.decided_anew,
                "decision": stands(one.item_id, outcome.answer.stands),
            }
            for one, outcome in zip(sent, outcomes, strict=True)
        ]
    }


def _occurrence(event: ReportIn | AppealIn | ViewsIn, key: ApiKey) -> Occurrence:
    return Occurrence(
        actor=str(key),
        zone=key.zone,
        external_id=event.id,
        item_id=event.item_id,
        type=event.type,
        at=event.at,
        by=getattr(event, "by", None),
        reason=getattr(event, "reason", None),
        statement=getattr(event, "statement", None),
        views=getattr(event, "views", None),
    )

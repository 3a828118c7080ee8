"""The routes of the API."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from ninja import Body

from tidegate.server.api.document import Api
from tidegate.server.api.events import router as events
from tidegate.server.api.keys import Key
from tidegate.server.api.launches import router as launches
from tidegate.server.api.limits import take_off
from tidegate.server.api.lists import ItemsOut, get_items
from tidegate.server.api.lists import router as lists
from tidegate.server.api.problems import PROBLEMS, ProblemError, answer_with_problems
from tidegate.server.api.proposals import router as proposals
from tidegate.server.api.rendering import Orjson, stands, with_reasons
from tidegate.server.api.schemas import DecisionsOut, ItemIn, ItemOut, OneOrMany, ProblemOut, UndoneOut
from tidegate.server.content.arrivals import CONTENT, Arrival
from tidegate.server.content.intake import lanes
from tidegate.server.content.reads import see_item
from tidegate.server.delivery.undoing import undo
from tidegate.server.people.models import ApiKey
from tidegate.tables import WRITTEN

ANSWERED_WITHIN = 30.0
"""Seconds after which a request gives up waiting; what it sent may still be taken in, and a retry is safe."""


api = Api(title="Tidegate", version="1", renderer=Orjson(), docs_url=None)
answer_with_problems(api)
api.add_router("", events)
api.add_router("", launches)
api.add_router("", lists)
api.add_router("", proposals)


# One path has its routes in one place, or only the first of them is found.
api.get("/items", auth=Key("items"), response={200: ItemsOut, **PROBLEMS}, tags=["items"])(get_items)


@api.post("/items", auth=Key("items"), response={200: DecisionsOut, **PROBLEMS}, tags=["items"])
def post_items(request: HttpRequest, body: Body[OneOrMany]) -> HttpResponse:
    """Decide one item, or up to 1,000 together. Answers when it is durable; a retry is safe.

    What the signals that come within the site's deadline do not settle is `pending`: no decision yet.
    """
    # Written here, as Ninja would first check a thousand answers that nobody but ourselves has made.
    response = HttpResponse(content_type=Orjson.media_type)
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    sent = [body] if isinstance(body, ItemIn) else body.items
    take_off(key, len(sent), response)
    _check_substance(sent, alone=isinstance(body, ItemIn))
    arrivals = [_arrival(item, key) for item in sent]
    _check_ids(arrivals)
    try:
        answers = lanes().submit(arrivals).result(timeout=ANSWERED_WITHIN)
    except TimeoutError as error:
        raise ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            f"no decision within {ANSWERED_WITHIN:.0f} seconds",
            remedy="Send the same request again: what was decided meanwhile is answered as it was.",
        ) from error
    decisions = [
        stands(one.external_id, answer.stands) for one, answer in zip(arrivals, answers, strict=True)
    ]
    response.content = orjson.dumps({"decisions": decisions})
    return response


@api.post(
    "/items/{anytext:item_id}/undo",
    auth=Key("items"),
    response={200: UndoneOut, 404: ProblemOut, **PROBLEMS},
    tags=["items"],
)
def post_undo(request: HttpRequest, item_id: str) -> dict[str, Any]:
    """Undo what stands: what has not left is cancelled; who may have heard of it is told `item.undone`."""
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    undone = undo(key.zone, item_id, actor=str(key))
    if undone is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, "there is no item with this id", field="id")
    return {
        "decision": stands(item_id, undone.stands),
        "cancelled": undone.cancelled,
        "left": undone.left,
    }


@api.get("/items/{anytext:item_id}/undo", auth=Key("items"), response=ItemOut, include_in_schema=False)
def get_item_named_so(request: HttpRequest, item_id: str) -> dict[str, Any]:
    """An item whose own id ends in /undo."""
    return get_item(request, f"{item_id}/undo")


@api.get("/items/{anytext:item_id}", auth=Key("items"), response={200: ItemOut, 404: ProblemOut, **PROBLEMS})
def get_item(request: HttpRequest, item_id: str) -> dict[str, Any]:
    """An item, and every decision on it with its full reasons."""
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    found = see_item(key.zone, item_id, actor=str(key))
    if found is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, "there is no item with this id", field="id")
    item, version, decisions, pending = found
    return {
        "id": item.external_id,
        "version": item.version,
        **{name: getattr(version, name) for name in CONTENT},
        "views": item.views,
        "reports": item.reports,
        "received_at": version.received_at,
        "pending": pending and {"since": pending.since, "waits_for": pending.waits_for},
        "decisions": [with_reasons(item.external_id, decision) for decision in decisions],
    }


def _arrival(item: ItemIn, key: ApiKey) -> Arrival:
    content = {name: getattr(item, name) for name in CONTENT}
    return Arrival(str(key), key.zone, item.id, content, item.views)


def _check_substance(sent: list[ItemIn], *, alone: bool) -> None:
    """As files have it (`warehouse.items`): what is written is nothing without a text or a media."""
    for place, one in enumerate(sent):
        if one.kind in WRITTEN and not one.text and not one.media:
            raise ProblemError(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "the item has neither text nor media",
                field="text" if alone else f"items.{place}.text",
                remedy="Give it one, say with `kind` what else it is, or leave it out.",
            )


def _check_ids(arrivals: list[Arrival]) -> None:
    seen: set[str] = set()
    for place, one in enumerate(arrivals):
        if one.external_id in seen:
            raise ProblemError(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "this id comes twice in one request",
                field=f"items.{place}.id",
                remedy="Send one version of an item per request.",
            )
        seen.add(one.external_id)

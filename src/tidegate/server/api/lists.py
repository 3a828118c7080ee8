"""The routes that give many rows: pages of items and decisions, newest first, and whole tables."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal

from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from ninja import Query, Router, Schema
from pydantic import Field

from tidegate.names import nearest
from tidegate.server.api.keys import Key
from tidegate.server.api.problems import PROBLEMS, ProblemError
from tidegate.server.api.rendering import stands, told
from tidegate.server.api.schemas import DecisionOut, Moment, Short
from tidegate.server.content.models import Decision, Item
from tidegate.server.content.pending import standing
from tidegate.server.cursors import CursorError, cursor, row_of
from tidegate.server.exports.files import record
from tidegate.server.exports.tables import export
from tidegate.server.exports.text import TEXTS, chunks
from tidegate.server.people.models import ApiKey

router = Router()
MOST = 1_000


class Page(Schema):
    """Which page of a list: `next` of the page before, and how many rows."""

    cursor: Annotated[str, Field(max_length=500)] | None = None
    limit: Annotated[int, Field(ge=1, le=MOST)] = 100


class ItemFilter(Page):
    """Which items."""

    author_id: Short | None = None


class DecisionFilter(Page):
    """Which decisions: those to which all of it applies."""

    action: Short | None = None
    rule: Short | None = None
    policy: Short | None = None
    queue: Short | None = None
    strategy: Short | None = None
    since: Moment | None = None
    until: Moment | None = None


class ListedItemOut(Schema):
    """An item, without its content, and the decision that stands on it."""

    id: str
    version: int
    author_id: str | None
    views: int | None
    reports: int
    first_at: datetime
    decision: DecisionOut


class ItemsOut(Schema):
    """A page of items; `next` is null on the last."""

    items: list[ListedItemOut]
    next: str | None


class ListedDecisionsOut(Schema):
    """A page of decisions; `next` is null on the last."""

    decisions: list[DecisionOut]
    next: str | None


def get_items(request: HttpRequest, asked: Query[ItemFilter]) -> dict[str, Any]:
    """Items by when they first came, newest first, each with what stands on it: a decision, or pending."""
    _refuse_unknown(request, ItemFilter.model_fields)
    rows = Item.objects.filter(zone=_zone(request))
    if asked.author_id is not None:
        rows = rows.filter(author_id=asked.author_id)
    page, following = _page("items", rows, asked)
    found = standing(page)
    return {
        "items": [
            {
                "id": item.external_id,
                "version": item.version,
                "author_id": item.author_id,
                "views": item.views,
                "reports": item.reports,
                "first_at": item.first_at,
                "decision": stands(item.external_id, found[item.pk].stands),
            }
            for item in page
            if item.pk in found  # what was erased before it was decided has nothing that stands
        ],
        "next": following,
    }


@router.get("/decisions", auth=Key("items"), response={200: ListedDecisionsOut, **PROBLEMS}, tags=["items"])
def get_decisions(request: HttpRequest, asked: Query[DecisionFilter]) -> dict[str, Any]:
    """Decisions, newest first, also those that no longer stand."""
    _refuse_unknown(request, DecisionFilter.model_fields)
    rows = Decision.objects.filter(item__zone=_zone(request)).select_related("item")
    for name in ("action", "rule", "policy", "queue", "strategy"):
        if getattr(asked, name) is not None:
            rows = rows.filter(**{name: getattr(asked, name)})
    if asked.since is not None:
        rows = rows.filter(decided_at__gte=asked.since)
    if asked.until is not None:
        rows = rows.filter(decided_at__lt=asked.until)
    page, following = _page("decisions", rows, asked)
    return {"decisions": [told(one.item.external_id, one) for one in page], "next": following}


@router.get("/exports/{table}", auth=Key("exports"), response={200: None, **PROBLEMS}, tags=["exports"])
def get_export(
    request: HttpRequest,
    table: Literal["items", "decisions", "events"],
    format: Literal["csv", "jsonl"] = "jsonl",
    since: Moment | None = None,
    until: Moment | None = None,
) -> StreamingHttpResponse:
    """A whole table of the zone, as a stream without a limit; `Export-Rows` says how many rows it has."""
    _refuse_unknown(request, ("format", "since", "until"))
    zone = _zone(request)
    found = export(table, zone, since, until)
    record(found, zone, format, actor=str(request.auth))  # type: ignore[attr-defined]
    response = StreamingHttpResponse(chunks(found, format), content_type=TEXTS[format])
    response["Export-Rows"] = str(found.count)
    response["Content-Disposition"] = f'attachment; filename="{table}.{format}"'
    return response


def _refuse_unknown(request: HttpRequest, known: Iterable[str]) -> None:
    """A filter that is mistyped would narrow nothing, and give more than was asked for."""
    names = list(known)
    for name in request.GET:
        if name not in names:
            raise ProblemError(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "there is no such parameter here",
                field=name,
                remedy=f"{nearest(name, names)}Parameters are {', '.join(names)}.",
            )


def _zone(request: HttpRequest) -> str:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    return key.zone


def _page(kind: str, rows: QuerySet[Any], asked: Page) -> tuple[list[Any], str | None]:
    """The rows of a page, and the cursor of the next one."""
    if asked.cursor is not None:
        rows = rows.filter(pk__lt=_row(kind, asked.cursor))
    found = list(rows.order_by("-pk")[: asked.limit + 1])
    page = found[: asked.limit]
    return page, cursor(kind, page[-1].pk) if len(found) > asked.limit else None


def _row(kind: str, text: str) -> int:
    try:
        return row_of(kind, text)
    except CursorError as error:
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "this is no cursor of this list",
            field="cursor",
            remedy="Send `next` of the page before, as it is; leave it out for the first page.",
        ) from error

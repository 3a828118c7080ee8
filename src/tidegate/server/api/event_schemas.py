"""Events as the API takes them: one shape for each type, told apart by the field `type`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import ConfigDict, Discriminator, Field, Tag

from tidegate.server.api.schemas import DecisionOut, Id, Moment, Prose, Short
from tidegate.server.settings import MOST_ITEMS


class _EventIn(Schema):
    model_config = ConfigDict(extra="forbid")

    id: Id = Field(description="The platform's own id of the event; a retry bears the same.")
    item_id: Id
    at: Moment | None = None


class ReportIn(_EventIn):
    """Somebody reports an item. Of each person, by `by`, one report on an item counts."""

    type: Literal["report"]
    by: Short | None = None
    reason: Short | None = None


class AppealIn(_EventIn):
    """The author objects to what was decided. A person answers it, never automation alone."""

    type: Literal["appeal"]
    by: Short | None = None
    statement: Prose | None = None


class ViewsIn(_EventIn):
    """How often an item has been seen by now."""

    type: Literal["views"]
    views: Annotated[int, Field(ge=0, lt=2**63)]


EVENT_FIELDS = tuple({name: None for one in (ReportIn, AppealIn, ViewsIn) for name in one.model_fields})
EventIn = Annotated[ReportIn | AppealIn | ViewsIn, Field(discriminator="type")]


class EventsIn(Schema):
    """Several events, recorded together or not at all."""

    model_config = ConfigDict(extra="forbid")

    events: Annotated[list[EventIn], Field(min_length=1, max_length=MOST_ITEMS)]


def _shape(body: Any) -> str:
    return "many" if isinstance(body, EventsIn) or (isinstance(body, dict) and "events" in body) else "one"


OneOrManyEvents = Annotated[
    Annotated[EventIn, Tag("one")] | Annotated[EventsIn, Tag("many")],
    Discriminator(_shape),
]
"""Told apart by the field `events`, so that an error speaks of the shape that was meant."""


class EventOut(Schema):
    """An event that is on record, and what stands on its item now."""

    id: str
    decided_anew: bool
    decision: DecisionOut


class EventsOut(Schema):
    """One answer per event, in the order of the request."""

    events: list[EventOut]

"""What the API takes and gives, as its OpenAPI document shows it.

Plain Pydantic models, since all that they are made of is dictionaries: Ninja's own take each apart as if it
were a row of Django's, which is most of the work of a request.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Discriminator, Field, Tag

from tidegate.runs.intake import intake
from tidegate.server.settings import MOST_ITEMS, WORKSPACE

HALF = "half of a surrogate pair is no character; remove it"


def _storable(text: str) -> str:
    # PostgreSQL cannot store it, and no writing system has it.
    if "\x00" in text:
        raise ValueError("a NUL character cannot be stored; remove it")
    # JSON may escape one half of a pair, as in "\\ud83c": where an emoji was cut in two.
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(HALF) from error
    return text


def _in_utc(when: datetime) -> datetime:
    # PostgreSQL knows no offset of 16 hours or more, which RFC 3339 allows.
    try:
        return when.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("this time is out of range in UTC") from error


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
Storable = AfterValidator(_storable)
Text = Annotated[str, Storable]
# The length before the rest: after it Pydantic speaks of items, not of characters.
Id = Annotated[str, Field(min_length=1, max_length=512), Storable]
Short = Annotated[str, Field(max_length=512), Storable]
LONGEST_TEXT = intake(WORKSPACE).longest_text
Prose = Annotated[str, Field(max_length=LONGEST_TEXT), Storable]
"""What detectors read, as long as the site takes it: [intake] longest_text."""


class ItemIn(BaseModel):
    """An item: see docs/tables.md."""

    model_config = ConfigDict(extra="forbid")

    id: Id
    kind: Literal["text", "image", "video", "query"] = "text"
    text: Prose | None = None
    media: Text | None = None
    language: Short | None = None
    market: Short | None = None
    surface: Short | None = None
    author_id: Short | None = None
    created_at: Moment | None = None
    views: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    context: Prose | None = None


class ItemsIn(BaseModel):
    """Several items, taken in together or not at all."""

    model_config = ConfigDict(extra="forbid")

    items: Annotated[list[ItemIn], Field(min_length=1, max_length=MOST_ITEMS)]


def _shape(body: Any) -> str:
    return "many" if isinstance(body, ItemsIn) or (isinstance(body, dict) and "items" in body) else "one"


OneOrMany = Annotated[
    Annotated[ItemIn, Tag("one")] | Annotated[ItemsIn, Tag("many")],
    Discriminator(_shape),
]
"""Told apart by the field `items`, so that an error speaks of the shape that was meant."""


class SearchOut(BaseModel):
    """What a search box does about a query: `results` are all, safe or none; `banner` is help to show."""

    results: Literal["all", "safe", "none"]
    banner: str | None


class DecisionOut(BaseModel):
    """What was decided on one version of an item; or that it is pending, and then nothing is decided yet.

    `search` is of queries alone.
    """

    id: str
    version: int
    state: Literal["decided", "pending"]
    action: str | None
    rule: str | None
    policy: str | None
    queue: str | None
    escalate: str | None
    reason: str
    strategy: str
    strategy_version: str
    decided_at: datetime | None
    search: SearchOut | None


class DecisionsOut(BaseModel):
    """One decision per item, in the order of the request."""

    decisions: list[DecisionOut]


class UndoneOut(BaseModel):
    """What came of undoing: how many endpoints will not hear of the decision, and how many may have."""

    decision: DecisionOut
    cancelled: int
    left: int


class ReasonsOut(DecisionOut):
    """A decision with all that it was made from."""

    failure: dict[str, Any] | None
    values: dict[str, Any]
    detectors: dict[str, str]
    cost_ms: float
    cost_money: float


class PendingOut(BaseModel):
    """Since when an item waits for a decision, and for which detector."""

    since: datetime
    waits_for: str


class ItemOut(BaseModel):
    """An item as it is now, and every decision on it, newest first."""

    id: str
    version: int
    kind: str
    text: str | None
    media: str | None
    language: str | None
    market: str | None
    surface: str | None
    author_id: str | None
    created_at: datetime | None
    views: int | None
    reports: int
    context: str | None
    received_at: datetime
    pending: PendingOut | None
    decisions: list[ReasonsOut]


class ProblemOut(BaseModel):
    """An error, as RFC 9457 has it, with the field that is wrong and what to do."""

    title: str
    status: int
    detail: str
    field: str | None = None
    remedy: str | None = None

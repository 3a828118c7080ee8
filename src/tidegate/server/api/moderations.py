"""`POST /v1/moderations`, as the OpenAI moderation API has it, so that its clients switch by base URL alone.

It is an API of its own, since its errors have another shape: https://platform.openai.com/docs/api-reference.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Literal
from uuid import uuid4

import orjson
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from ninja import Body, NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError
from pydantic import Field

from tidegate.runs.intake import SPLIT
from tidegate.server.api.keys import Key
from tidegate.server.api.limits import take_off
from tidegate.server.api.problems import TOO_LARGE, ProblemError, plainly
from tidegate.server.api.rendering import Orjson
from tidegate.server.api.schemas import Prose, Text
from tidegate.server.launches.decider import NotReadyError, decider
from tidegate.server.moderations.categories import CATEGORIES, flags, scores
from tidegate.server.moderations.verdicts import Part, UnreadableError, Verdict, verdicts
from tidegate.server.people.models import ApiKey
from tidegate.server.settings import MOST_ITEMS


class TextPart(Schema):
    type: Literal["text"]
    text: Prose


class Address(Schema):
    url: Text


class ImagePart(Schema):
    type: Literal["image_url"]
    image_url: Address


Parts = Annotated[
    list[Annotated[TextPart | ImagePart, Field(discriminator="type")]],
    Field(min_length=1, max_length=MOST_ITEMS),
]
Texts = Annotated[list[Prose], Field(min_length=1, max_length=MOST_ITEMS)]


class ModerationIn(Schema):
    """What to moderate: a text, several texts, or the parts of one post. `model` is taken and not needed."""

    input: Prose | Texts | Parts
    model: str | None = None


class ResultOut(Schema):
    """One input: `tidegate` says in full what the active strategy would do, and how likely each harm is."""

    flagged: bool
    categories: dict[str, bool]
    category_scores: dict[str, float]
    category_applied_input_types: dict[str, list[str]]
    tidegate: dict[str, Any]


class ModerationOut(Schema):
    id: str
    model: str
    results: list[ResultOut]


class ErrorOut(Schema):
    """An error in the shape that OpenAI's clients read."""

    error: dict[str, str | None]


ERRORS = dict.fromkeys((400, 401, 403, 413, 429, 503), ErrorOut)
OTHER_SHAPE = frozenset({"string_type", "list_type", "model_attributes_type"})
"""How Pydantic calls it where `input` has not one of the shapes that it may have."""

INPUT_TYPES = {"text": "text", "image": "image"}

moderations = NinjaAPI(
    title="Tidegate moderations",
    version="1",
    urls_namespace="moderations",
    renderer=Orjson(),
    docs_url=None,
)


@moderations.post("/moderations", auth=Key("moderations"), response={200: ModerationOut, **ERRORS})
def post_moderations(
    request: HttpRequest, response: HttpResponse, body: Body[ModerationIn]
) -> dict[str, Any]:
    """What the active strategy would do about content that is not an item: nothing of it is kept."""
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    bench = decider()
    inputs = _inputs(body)
    parts = [part for one in inputs for part in one]
    take_off(key, len(parts), response)
    found = iter(verdicts(bench, key.zone, parts))
    return {
        "id": f"modr-{uuid4().hex}",
        "model": f"tidegate-{bench.strategy.name}-{bench.strategy.label}",
        "results": [_result([next(found) for _ in one]) for one in inputs],
    }


def _inputs(body: ModerationIn) -> list[list[Part]]:
    """The parts of each input: a list of content parts is one input, a list of texts is as many."""
    given = [body.input] if isinstance(body.input, str) else body.input
    if any(not isinstance(one, str) for one in given):
        return [[_part(one) for one in given]]
    return [[_part(one)] for one in given]


def _part(one: str | TextPart | ImagePart) -> Part:
    if isinstance(one, ImagePart):
        return Part("image", one.image_url.url)
    return Part("text", one if isinstance(one, str) else one.text)


def _result(parts: list[Verdict]) -> dict[str, Any]:
    """The parts of one input together: flagged if one is, and each category where it is worst."""
    worst = max(parts, key=lambda part: (part.flagged, max(part.harms.values(), default=0.0)))
    each = [(scores(part.harms), flags(set(part.meant))) for part in parts]
    kinds = list(dict.fromkeys(part.kind for part in parts))
    return {
        "flagged": worst.flagged,
        "categories": {name: any(flagged[name] for _, flagged in each) for name in CATEGORIES},
        "category_scores": {name: max(score[name] for score, _ in each) for name in CATEGORIES},
        "category_applied_input_types": {name: kinds if CATEGORIES[name] else [] for name in CATEGORIES},
        "tidegate": {
            "action": worst.action,
            "rule": worst.rule,
            "policy": worst.policy,
            "harms": {harm: max(part.harms.get(harm, 0.0) for part in parts) for harm in worst.harms},
        },
    }


def _error(
    status: HTTPStatus, message: str, *, kind: str = "invalid_request_error", param: str | None = None
) -> HttpResponse:
    body = {"error": {"message": message, "type": kind, "param": param, "code": None}}
    return HttpResponse(orjson.dumps(body), status=status.value, content_type="application/json")


def _wrong(errors: list[dict[str, Any]]) -> tuple[dict[str, Any], str]:
    """The error of the shape that was meant, and what it says: each of the shapes of `input` has its own."""
    for one in errors:
        if one["type"] not in OTHER_SHAPE:
            return one, plainly(one)
    if "input" in errors[0]["loc"]:
        return errors[0], "give a text, a list of texts, or the content parts of one post"
    return errors[0], plainly(errors[0])


@moderations.exception_handler(ValidationError)
def _(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """The clients know 400 for this, not 422."""
    wrong, said = _wrong(error.errors)
    field = ".".join(
        str(part) for part in wrong["loc"] if part in ("input", "model") or isinstance(part, int)
    )
    if wrong["type"] == "string_too_long":
        said = f"{said}. {SPLIT}"
    return _error(HTTPStatus.BAD_REQUEST, f"{field or 'body'}: {said}", param=field or None)


@moderations.exception_handler(UnreadableError)
def _(request: HttpRequest, error: UnreadableError) -> HttpResponse:
    return _error(HTTPStatus.BAD_REQUEST, f"{error.what}. {error.remedy}", param=error.where.field)


@moderations.exception_handler(AuthenticationError)
def _(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return _error(HTTPStatus.UNAUTHORIZED, "This request has no valid key. `tidegate key` makes one.")


@moderations.exception_handler(ProblemError)
def _(request: HttpRequest, error: ProblemError) -> HttpResponse:
    spent = error.status is HTTPStatus.TOO_MANY_REQUESTS
    answer = _error(
        error.status,
        f"{error.detail}. {error.remedy or ''}".strip(),
        kind="rate_limit_error" if spent else "permission_error",
    )
    for name, value in error.headers.items():
        answer.headers[name] = value
    return answer


@moderations.exception_handler(NotReadyError)
def _(request: HttpRequest, error: NotReadyError) -> HttpResponse:
    message = f"{error.what}. {error.remedy}"
    return _error(HTTPStatus.SERVICE_UNAVAILABLE, message, kind="server_error")


@moderations.exception_handler(InterfaceError)
@moderations.exception_handler(OperationalError)
def _(request: HttpRequest, error: Exception) -> HttpResponse:
    message = "The database cannot be used now. Send the same request again in a while."
    return _error(HTTPStatus.SERVICE_UNAVAILABLE, message, kind="server_error")


@moderations.exception_handler(RequestDataTooBig)
def _(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return _error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"{TOO_LARGE}. Send several requests.")


@moderations.exception_handler(HttpError)
def _(request: HttpRequest, error: HttpError) -> HttpResponse:
    return _error(HTTPStatus(error.status_code), f"{error}. Send JSON in UTF-8.")

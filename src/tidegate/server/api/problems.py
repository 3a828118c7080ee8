"""Errors as application/problem+json (RFC 9457): what is wrong, in which field, and what to do."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from tidegate.names import nearest
from tidegate.runs.intake import SPLIT
from tidegate.server.api.event_schemas import EVENT_FIELDS
from tidegate.server.api.schemas import HALF, ItemIn, ProblemOut
from tidegate.server.launches.decider import NotReadyError

log = logging.getLogger("tidegate.api")
PROBLEMS = dict.fromkeys((400, 401, 403, 413, 422, 429, 503), ProblemOut)
"""What any route may answer beside what it is for."""

LISTS = ("items", "events")
"""What comes in lists."""

FIELDS = (*LISTS, *ItemIn.model_fields, *EVENT_FIELDS)
"""What somebody may have meant who names a field that is none."""

SHAPES = frozenset({"body", "one", "many", "report", "appeal"})
"""What stands last in the place of an error that is of no field, but of the whole."""

NO_OBJECT = frozenset({"model_type", "model_attributes_type", "dict_type"})
"""How Pydantic calls it where an object was to be."""

TOO_LARGE = f"a request may have {settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 2**20} MB"

PROSE = ("text", "context", "statement")
"""What may be as long as the site takes texts."""


class ProblemError(Exception):
    """An error that is answered with this status."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        field: str | None = None,
        remedy: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status, self.detail, self.field, self.remedy = status, detail, field, remedy
        self.headers = dict(headers or {})
        super().__init__(detail)


def answer_with_problems(api: NinjaAPI) -> None:
    """Let every error of this API be answered as a problem."""

    @api.exception_handler(ProblemError)
    def _(request: HttpRequest, error: ProblemError) -> HttpResponse:
        return rendered(error)

    @api.exception_handler(ValidationError)
    def _(request: HttpRequest, error: ValidationError) -> HttpResponse:
        return rendered(_of_validation(error.errors))

    @api.exception_handler(AuthenticationError)
    def _(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
        return without_key()

    @api.exception_handler(NotReadyError)
    def _(request: HttpRequest, error: NotReadyError) -> HttpResponse:
        return rendered(ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, error.what, remedy=error.remedy))

    @api.exception_handler(InterfaceError)
    @api.exception_handler(OperationalError)
    def _(request: HttpRequest, error: Exception) -> HttpResponse:
        log.error("the database cannot be used: %s", type(error.__cause__ or error).__name__, exc_info=error)
        return rendered(
            ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "the database cannot be used now",
                remedy="Nothing was half done: send the same request again in a while.",
                headers={"Retry-After": "5"},
            )
        )

    @api.exception_handler(RequestDataTooBig)
    def _(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
        return rendered(
            ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_LARGE, remedy="Send several requests.")
        )

    @api.exception_handler(HttpError)
    def _(request: HttpRequest, error: HttpError) -> HttpResponse:
        # Ninja speaks of a body that is no JSON, or too large, in this way.
        return rendered(ProblemError(HTTPStatus(error.status_code), str(error), remedy="Send JSON in UTF-8."))


def without_key() -> HttpResponse:
    response = rendered(
        ProblemError(
            HTTPStatus.UNAUTHORIZED,
            "this request has no valid key",
            remedy="Send the header: Authorization: Bearer KEY. `tidegate key` makes one.",
        )
    )
    response["WWW-Authenticate"] = "Bearer"
    return response


def rendered(problem: ProblemError) -> HttpResponse:
    body = {
        "title": problem.status.phrase,
        "status": problem.status.value,
        "detail": problem.detail,
        "field": problem.field,
        "remedy": problem.remedy,
    }
    return HttpResponse(
        orjson.dumps(body),
        status=problem.status.value,
        content_type="application/problem+json",
        headers=problem.headers,
    )


def _of_validation(errors: list[dict[str, Any]]) -> ProblemError:
    wrong = errors[0]
    *above, last = wrong["loc"]
    # The names of shapes stand between the lists, their places and the field.
    path = [part for part in above if isinstance(part, int) or part in LISTS]
    path += [] if last in SHAPES else [last]
    field = ".".join(map(str, path)) or None
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    detail, remedy = plainly(wrong), "/api/v1/openapi.json says what may be sent."
    if wrong["type"] == "extra_forbidden":
        detail = f"there is no field '{last}' here"
        remedy = nearest(str(last), set(FIELDS) - {str(last)}).strip() or remedy
    elif wrong["type"] == "union_tag_invalid":
        told = wrong["ctx"]
        field = ".".join(map(str, [*path, told["discriminator"].strip("'")]))
        detail = f"'{told['tag']}' is none of {told['expected_tags']}"
        remedy = nearest(told["tag"], told["expected_tags"].replace("'", "").split(", ")).strip() or remedy
    elif wrong["type"] == "string_too_long":
        remedy = SPLIT if last in PROSE else "Shorten it."
    elif wrong["loc"][0] in ("query", "path"):
        field = str(last)
    elif wrong["type"] == "too_long" and path in [[name] for name in LISTS]:
        status, remedy = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Send several requests."
    elif wrong["type"] in NO_OBJECT and field is None:
        remedy = 'Send one object, or several as {"items": [ … ]}, with events as {"events": [ … ]}.'
    return ProblemError(status, detail, field=field, remedy=remedy)


def plainly(wrong: Mapping[str, Any]) -> str:
    """What Pydantic says is wrong, without the names of its classes."""
    if wrong["type"] in NO_OBJECT:
        return "this must be a JSON object"
    if wrong["type"] == "missing" and wrong["loc"][-1] in SHAPES:
        return "the request has no body"
    if wrong["type"] == "string_too_long":
        return f"at most {wrong['ctx']['max_length']:,} characters are taken here"
    if wrong["type"] == "string_unicode":  # of texts whose length is counted, before they come to `_storable`
        return HALF
    return str(wrong["msg"]).removeprefix("Value error, ")

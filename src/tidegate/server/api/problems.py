"""Errors as application/problem+json (RFC 9457): what is wrong, in which field, and what to do."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from tidegate.names import nearest
from tidegate.runs.intake import SPLIT
from tidegate.server.api.event_schemas import EVENT_FIELDS
from tidegate.server.api.schemas import ItemIn, ProblemOut
from tidegate.server.launches.decider import NotReadyError

log = logging.getLogger("tidegate.api")
PROBLEMS = dict.fromkeys((400, 401, 403, 413, 422, 429, 503), ProblemOut)
"""What any route may answer beside what it is for."""

PROSE = ("text", "context", "statement")
"""What may be as long as the site takes texts."""
LISTS = {"items": tuple(ItemIn.model_fields), "events": EVENT_FIELDS}
"""What comes in lists, and the fields of one of it."""


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
    named = {*LISTS, *(field for fields in LISTS.values() for field in fields)}
    *above, last = wrong["loc"]
    # The names of shapes stand between the lists, their places and the field.
    path = [part for part in above if isinstance(part, int) or part in LISTS]
    path += [last] if isinstance(last, int) or last in named else []
    field = ".".join(map(str, path)) or None
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    detail, remedy = wrong["msg"], "/api/v1/openapi.json says what may be sent."
    if wrong["type"] == "extra_forbidden":
        unknown = str(wrong["loc"][-1])
        field = ".".join(map(str, [*path, unknown]))
        detail = f"there is no field '{unknown}' here"
        remedy = nearest(unknown, named).strip() or remedy
    elif wrong["type"] == "union_tag_invalid":
        told = wrong["ctx"]
        field = ".".join(map(str, [*path, told["discriminator"].strip("'")]))
        detail = f"'{told['tag']}' is none of {told['expected_tags']}"
        remedy = nearest(told["tag"], told["expected_tags"].replace("'", "").split(", ")).strip() or remedy
    elif wrong["type"] == "string_too_long":
        most = wrong["ctx"]["max_length"]
        detail = f"at most {most:,} characters are taken here"
        remedy = SPLIT if last in PROSE else "Shorten it."
    elif wrong["loc"][0] in ("query", "path"):
        field = str(last)
    elif wrong["type"] == "too_long" and path in [[name] for name in LISTS]:
        status, remedy = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Send several requests."
    return ProblemError(status, detail, field=field, remedy=remedy)

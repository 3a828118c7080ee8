"""What fails before a route runs, or by a fault, is a problem too where programs ask."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from tidegate.server.api.problems import ProblemError, rendered

GetResponse = Callable[[HttpRequest], HttpResponseBase]
FOR_PROGRAMS = ("/api/", "/v1/")


def by_program(request: HttpRequest) -> bool:
    """Whether it is a program that asks, by the address."""
    return request.path.startswith(FOR_PROGRAMS)


def in_problems(get_response: GetResponse) -> GetResponse:
    """Where programs ask, what Ninja or Django answers in words of their own becomes a problem."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        words = response.get("Content-Type", "").startswith("text/html")
        if response.status_code < HTTPStatus.BAD_REQUEST or not words or not by_program(request):
            return response
        problem = rendered(_problem(HTTPStatus(response.status_code), response.get("Allow")))
        if "Allow" in response:
            problem["Allow"] = response["Allow"]
        return problem

    return answer


def _problem(status: HTTPStatus, allowed: str | None) -> ProblemError:
    if allowed is not None:
        return ProblemError(status, "this address has no such method", remedy=f"It has {allowed}.")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ProblemError(
            status, "a fault of the service's own", remedy="Its log says where; a retry is safe."
        )
    return ProblemError(status, "this request could not be understood", remedy="Send JSON in UTF-8.")

"""Addresses that lead nowhere, and what fails before or after a route: problems where programs ask, pages
where people do."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from tidegate.server.api.problems import ProblemError, rendered

FOR_PROGRAMS = ("/api/", "/v1/")


def nowhere(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What a path that no route knows, or a thing that is not there, is answered with; always 404."""
    if _by_program(request):
        remedy = "/api/v1/openapi.json and /v1/openapi.json name every address."
        return rendered(ProblemError(HTTPStatus.NOT_FOUND, "there is nothing at this address", remedy=remedy))
    return render(request, "404.html", status=HTTPStatus.NOT_FOUND)


GetResponse = Callable[[HttpRequest], HttpResponseBase]


def no_nul(get_response: GetResponse) -> GetResponse:
    """No address with a NUL leads anywhere: PostgreSQL has no such text, and refuses to be asked for it."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        if "\x00" in request.path_info:
            raise Http404
        return get_response(request)

    return answer


def in_problems(get_response: GetResponse) -> GetResponse:
    """Where programs ask, what Ninja or Django answers in words of their own becomes a problem."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        words = response.get("Content-Type", "").startswith("text/html")
        if response.status_code < HTTPStatus.BAD_REQUEST or not words or not _by_program(request):
            return response
        problem = rendered(_problem(HTTPStatus(response.status_code), response.get("Allow")))
        if "Allow" in response:
            problem["Allow"] = response["Allow"]
        return problem

    return answer


def _by_program(request: HttpRequest) -> bool:
    return request.path.startswith(FOR_PROGRAMS)


def _problem(status: HTTPStatus, allowed: str | None) -> ProblemError:
    if allowed is not None:
        return ProblemError(status, "this address has no such method", remedy=f"It has {allowed}.")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ProblemError(
            status, "a fault of the service's own", remedy="Its log says where; a retry is safe."
        )
    return ProblemError(status, "this request could not be understood", remedy="Send JSON in UTF-8.")

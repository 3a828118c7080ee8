"""Addresses that lead nowhere: a problem where programs ask, a page where people do."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from tidegate.server.api.middleware import by_program
from tidegate.server.api.problems import ProblemError, rendered


def nowhere(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What a path that no route knows, or a thing that is not there, is answered with; always 404."""
    if by_program(request):
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

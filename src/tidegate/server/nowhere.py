"""Addresses that lead nowhere: a problem where programs ask, a page where people do."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from tidegate.server.api.problems import ProblemError, rendered

FOR_PROGRAMS = ("/api/", "/v1/")


def nowhere(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What a path that no route knows, or a thing that is not there, is answered with; always 404."""
    if request.path.startswith(FOR_PROGRAMS):
        remedy = "/api/v1/openapi.json and /v1/openapi.json name every address."
        return rendered(ProblemError(HTTPStatus.NOT_FOUND, "there is nothing at this address", remedy=remedy))
    return render(request, "404.html", status=HTTPStatus.NOT_FOUND)

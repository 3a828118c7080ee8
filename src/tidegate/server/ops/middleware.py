"""Around every request: its time, a line in the log, and a span of its trace."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from tidegate.server.ops.logs import PRIVATE, route_of
from tidegate.server.ops.metrics import REQUESTS
from tidegate.server.ops.tracing import request_span

GetResponse = Callable[[HttpRequest], HttpResponseBase]
log = logging.getLogger("tidegate.requests")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
"""Of a method that somebody made up: each would be a series of its own, which stays."""


def observed(get_response: GetResponse) -> GetResponse:
    def answer(request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        headers = {name.lower(): value for name, value in request.headers.items()}
        with request_span(f"{request.method}", headers) as span:
            response = get_response(request)
            route = route_of(request)
            if span is not None:
                span.update_name(f"{request.method} {route}")
                span.set_attributes({"http.route": route, "http.response.status_code": response.status_code})
        seconds = time.perf_counter() - started
        method = request.method if request.method in METHODS else OTHER
        REQUESTS.labels(method, route, str(response.status_code)).observe(seconds)
        standing = None if route == PRIVATE else getattr(request, "standing", None)
        extra = {
            "method": request.method,
            "route": route,
            "status": response.status_code,
            "ms": round(seconds * 1_000, 1),
            "actor": standing.person.actor if standing else str(getattr(request, "auth", None) or "nobody"),
        }
        log.info("%s %s %s", request.method, route, response.status_code, extra=extra)
        return response

    return answer

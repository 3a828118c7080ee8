"""Whether the service lives, whether it is ready, and its metrics."""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from ninja.errors import AuthenticationError

from tidegate.server.api.keys import Key
from tidegate.server.api.problems import ProblemError, rendered, without_key
from tidegate.server.launches.decider import NotReadyError, decider
from tidegate.server.ops.metrics import text
from tidegate.server.people.access import PUBLIC, open_to

METRICS = Key("metrics")


@open_to(PUBLIC)
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """This process answers. Nothing else is looked at: a database that is down is no reason to restart it."""
    return JsonResponse({"live": True})


@open_to(PUBLIC)
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Whether items can be decided now: 503 where the database does not answer, no strategy is active, or
    the one that is cannot be loaded."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        decider()
    except DatabaseError:
        return JsonResponse({"ready": False, "because": "the database does not answer"}, status=503)
    except NotReadyError as error:
        return JsonResponse({"ready": False, "because": error.what}, status=503)
    return JsonResponse({"ready": True, "because": None})


@open_to(PUBLIC)
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """For Prometheus, which sends a key with the scope `metrics` as its bearer token."""
    try:
        if METRICS(request) is None:
            return without_key()
    except ProblemError as problem:
        return rendered(problem)
    except AuthenticationError:
        return without_key()
    return HttpResponse(text(), content_type="text/plain; version=0.0.4; charset=utf-8")

"""How much a key may send: taken off before anything else is done, and told in the headers of the answer.

The headers are those of the IETF draft on RateLimit header fields (draft-ietf-httpapi-ratelimit-headers);
Retry-After is that of RFC 9110.
"""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpResponse

from tidegate.server.api.problems import ProblemError
from tidegate.server.people.allowance import WINDOW, SpentError, Standing, spend
from tidegate.server.people.models import ApiKey


def take_off(key: ApiKey, items: int, response: HttpResponse) -> None:
    """Take so many items off what the key may send, and say in the response what is left.

    Raises:
        ProblemError: 429, where that is too many.
    """
    try:
        standing = spend(key, items)
    except SpentError as error:
        wait = {} if error.wait is None else {"Retry-After": str(error.wait)}
        raise ProblemError(
            HTTPStatus.TOO_MANY_REQUESTS,
            error.what,
            remedy=error.remedy,
            headers=_headers(error.standing) | wait,
        ) from error
    for name, value in _headers(standing).items() if standing is not None else ():
        response.headers[name] = value


def _headers(standing: Standing) -> dict[str, str]:
    return {
        "RateLimit-Policy": f'"items";q={standing.limit};w={WINDOW}',
        "RateLimit": f'"items";r={standing.left};t={standing.whole_in}',
    }

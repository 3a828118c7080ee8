"""A request begins in a scope of no zone; what it streams goes on in the scope that it ended in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

from tidegate.server.zones.scope import NOWHERE, Scope, current, within

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def begin_nowhere(get_response: GetResponse) -> GetResponse:
    def answer(request: HttpRequest) -> HttpResponseBase:
        with within(NOWHERE):
            response = get_response(request)
            if isinstance(response, StreamingHttpResponse) and not response.is_async:
                response.streaming_content = _carried(current(), response.streaming_content)
            return response

    return answer


def _carried(scope: Scope, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same chunks, each made in this scope: the server asks for them when the request is over."""
    steps = iter(chunks)
    while True:
        with within(scope):
            chunk = next(steps, None)
        if chunk is None:
            return
        yield chunk

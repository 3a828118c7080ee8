"""What the HTTP server calls. Requests of the API go past what only pages need."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

from tidegate.server.zones.scope import of_process


class _ApiHandler(WSGIHandler):
    """Django's handler without the middleware that is for pages."""

    def load_middleware(self, is_async: bool = False) -> None:
        everything = settings.MIDDLEWARE
        settings.MIDDLEWARE = [one for one in everything if one not in settings.FOR_PAGES]
        try:
            super().load_middleware(is_async)
        finally:
            settings.MIDDLEWARE = everything


django.setup(set_prefix=False)
# The command that serves may see all zones; a request begins with none.
of_process(None)
_pages, _api = WSGIHandler(), _ApiHandler()


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    handler = _api if environ["PATH_INFO"].startswith(settings.APIS) else _pages
    return handler(environ, start_response)

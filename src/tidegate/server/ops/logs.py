"""Logs as JSON, one object a line, for machines; nothing that people wrote is ever in them.

Addresses are logged as routes, since ids of items stand in addresses.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

import orjson
from django.http import HttpRequest

EXTRAS = ("method", "route", "status", "ms", "actor", "trace")
"""What a record may carry beside its message."""
UNKNOWN = "unknown"
"""The route of what matches none: its address is what somebody made up."""
PRIVATE = "/care/"
"""What somebody does under this address is nobody else's business: neither which page it was, nor who."""


def route_of(request: HttpRequest) -> str:
    """What logs, metrics and traces call the address of a request."""
    match = getattr(request, "resolver_match", None)
    route = f"/{match.route}" if match else UNKNOWN
    return PRIVATE if route.startswith(PRIVATE) else route


class JsonLines(logging.Formatter):
    """time, level, logger, message, what is in `EXTRAS`, and of an error its type and where it was raised."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: getattr(record, name) for name in EXTRAS if hasattr(record, name)}
        if record.exc_info and record.exc_info[0]:
            # The message of an exception may quote what somebody wrote; where it was raised does not.
            line["error"] = record.exc_info[0].__name__
            line["at"] = _raised_at(record.exc_info[2])
        return orjson.dumps(line).decode()


class ByRoute(logging.Filter):
    """Of what Django itself says of a request that failed: the route in place of the address."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        if record.name == "django.request" and request is not None and isinstance(record.args, tuple):
            record.args = (*record.args[:1], route_of(request))
        return True


def _raised_at(trace: Any) -> list[str]:
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{trace.tb_frame.f_globals.get('__name__', '?')}:{code.co_name}:{trace.tb_lineno}")
        trace = trace.tb_next
    return places


def logging_config(form: str) -> dict[str, Any]:
    """For `logging.config.dictConfig`; `form` is json or text."""
    text = {"format": "%(asctime)s %(levelname)s %(message)s"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": JsonLines} if form == "json" else text},
        "filters": {"by_route": {"()": ByRoute}},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "lines", "filters": ["by_route"]}
        },
        "loggers": {
            "tidegate": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
            "tidegate.requests": {"level": "INFO" if form == "json" else "WARNING"},
            # What the exporter of traces says: above all that nobody listens.
            "opentelemetry": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
            # Django's own lines of requests hold addresses as they came: see `ByRoute`.
            "django": {"handlers": ["stderr"], "level": "ERROR", "propagate": False},
        },
    }

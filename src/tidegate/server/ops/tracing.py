"""Traces by OpenTelemetry, where it is installed (extra `telemetry`) and told where to send them.

OpenTelemetry's own environment variables set it up: OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SERVICE_NAME, ….
Without the first of them nothing is traced and nothing is imported.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

ASKED = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


@contextmanager
def span(name: str, *, serves: Sequence[Any] = (), **attributes: str | int) -> Iterator[Any]:
    """A stretch of work in the trace of the request; does nothing where nothing is traced.

    Work for several requests is a trace of its own: `serves` are their `here`, to which it has links.
    """
    tracer = _tracer()
    if tracer is None:
        yield None
        return
    from opentelemetry.trace import Link

    links = [Link(one) for one in serves if one is not None]
    with tracer.start_as_current_span(
        name, attributes=attributes, links=links, record_exception=False
    ) as found:
        yield found


def here() -> Any:
    """Where the current span is found: what another thread that works for it links to. None without one."""
    if _tracer() is None:
        return None
    from opentelemetry.trace import get_current_span

    found = get_current_span().get_span_context()
    return found if found.is_valid else None


@contextmanager
def request_span(name: str, headers: dict[str, str]) -> Iterator[Any]:
    """The span of a request, within the trace that its `traceparent` header names."""
    tracer = _tracer()
    if tracer is None:
        yield None
        return
    from opentelemetry.propagate import extract
    from opentelemetry.trace import SpanKind

    within = extract(headers)
    with tracer.start_as_current_span(
        name, context=within, kind=SpanKind.SERVER, record_exception=False
    ) as found:
        yield found


@cache
def _tracer() -> Any:
    """Made at the first span of each process, since what sends them does not survive a fork."""
    if not any(os.environ.get(name) for name in ASKED):
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    os.environ.setdefault("OTEL_SERVICE_NAME", "tidegate")
    provider = TracerProvider(resource=Resource.create())
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider.get_tracer("tidegate")

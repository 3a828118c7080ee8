"""Metrics for Prometheus, added up over all processes; none says anything of a zone.

The processes share a folder that `tidegate serve` makes (prometheus_client's multiprocess mode).
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime

import prometheus_client as prometheus
from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from tidegate.server.content.models import Pending
from tidegate.server.delivery.models import Delivery, State
from tidegate.server.launches.reads import switched_off
from tidegate.server.zones.scope import EVERYWHERE, within

FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
REQUESTS = prometheus.Histogram(
    "tidegate_request_seconds", "Time to answer a request.", ["method", "route", "status"], buckets=FAST
)
BATCHES = prometheus.Histogram("tidegate_batch_seconds", "Time to take a batch of items in.", buckets=FAST)
BATCH_ITEMS = prometheus.Histogram(
    "tidegate_batch_items", "Items of a batch.", buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)
)
ANSWERED = prometheus.Counter("tidegate_items_total", "Items that were answered, by action.", ["action"])
FAILURES = prometheus.Counter(
    "tidegate_detector_failures_total", "Items that a detector failed on.", ["detector"]
)


def took_in(started: float, actions: Iterable[str], failed: Iterable[str]) -> None:
    """Count a batch: when it began (`time.perf_counter`), what was decided, and which detectors failed."""
    made = Counter(actions)
    BATCHES.observe(time.perf_counter() - started)
    BATCH_ITEMS.observe(made.total())
    for action, count in made.items():
        ANSWERED.labels(action).inc(count)
    for detector, count in Counter(failed).items():
        FAILURES.labels(detector).inc(count)


def text() -> bytes:
    """All metrics, as Prometheus reads them."""
    registry = prometheus.CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry = prometheus.REGISTRY
    return prometheus.generate_latest(registry) + prometheus.generate_latest(_stored())


def _stored() -> prometheus.CollectorRegistry:
    registry = prometheus.CollectorRegistry()
    registry.register(_Stored())
    return registry


class _Stored:
    """What is read from the database when it is asked for."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        with within(EVERYWHERE):
            waiting = Delivery.objects.filter(state=State.WAITING)
            counts = {"waiting": waiting.count(), "dead": Delivery.objects.filter(state=State.DEAD).count()}
            oldest = waiting.aggregate(Min("due_at"))["due_at__min"]
            undecided = Pending.objects.aggregate(count=Count("pk"), oldest=Min("since"))
        deliveries = GaugeMetricFamily("tidegate_deliveries", "Deliveries not made yet.", labels=["state"])
        for state, count in counts.items():
            deliveries.add_metric([state], count)
        yield deliveries
        yield GaugeMetricFamily(
            "tidegate_delivery_lag_seconds", "How late the oldest delivery is.", value=_seconds_since(oldest)
        )
        yield GaugeMetricFamily(
            "tidegate_pending", "Items that wait for a worker to decide them.", value=undecided["count"]
        )
        yield GaugeMetricFamily(
            "tidegate_pending_lag_seconds",
            "How long the oldest of them has waited.",
            value=_seconds_since(undecided["oldest"]),
        )
        off = len(switched_off())
        yield GaugeMetricFamily("tidegate_switches_off", "What is switched off.", value=off)


def _seconds_since(then: datetime | None) -> float:
    return 0.0 if then is None else max(0.0, (timezone.now() - then).total_seconds())

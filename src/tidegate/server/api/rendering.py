"""Decisions as the API tells them: in short, and with all that they were made from; JSON by orjson."""

from __future__ import annotations

from typing import Any

import orjson
from django.http import HttpRequest
from ninja.renderers import BaseRenderer

from tidegate.server.content.models import Decision, Pending


class Orjson(BaseRenderer):
    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        return orjson.dumps(data)


PENDING = "pending"


def stands(external_id: str, one: Decision | Pending) -> dict[str, Any]:
    """A decision, or that there is none yet, in the same shape."""
    if isinstance(one, Decision):
        return told(external_id, one)
    return {
        "id": external_id,
        "version": one.item_version,
        "state": PENDING,
        **dict.fromkeys(("action", "rule", "policy", "queue", "escalate")),
        "reason": f"{PENDING}: {one.waits_for}",
        "strategy": one.strategy,
        "strategy_version": one.strategy_version,
        "decided_at": None,
        "search": one.search and orjson.loads(one.search),
    }


def told(external_id: str, decision: Decision) -> dict[str, Any]:
    return {
        "id": external_id,
        "version": decision.item_version,
        "state": "decided",
        "action": decision.action,
        "rule": decision.rule,
        "policy": decision.policy,
        "queue": decision.queue,
        "escalate": decision.escalate,
        "reason": decision.reason,
        "strategy": decision.strategy,
        "strategy_version": decision.strategy_version,
        "decided_at": decision.decided_at,
        "search": decision.search and orjson.loads(decision.search),
    }


def with_reasons(external_id: str, decision: Decision) -> dict[str, Any]:
    return {
        **told(external_id, decision),
        "failure": None if decision.failure is None else orjson.loads(decision.failure),
        "values": orjson.loads(decision.values),
        "detectors": orjson.loads(decision.detectors),
        "cost_ms": decision.cost_ms,
        "cost_money": decision.cost_money,
    }

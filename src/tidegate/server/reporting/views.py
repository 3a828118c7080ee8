"""The views: the columns of the exported tables, each by the expression that it is, and the zone.

On PostgreSQL they lie in the schema `reporting`. They run with the rights of whoever owns the tables, and
show each role the zones that `Reader` gives it, so that a role with no right on any table can be let at them.
On SQLite, where whoever may read the file reads all, they are called `reporting_…` and show everything.
"""

from __future__ import annotations

PENDING = "pending_since"
"""A column that the first migration of the views did not know."""
VIEWS = {
    "items": (
        "content_itemversion v join content_item i on i.id = v.item_id and v.number = i.version",
        {
            "zone": "i.zone",
            "id": "i.external_id",
            **{name: f'v."{name}"' for name in ("kind", "text", "media", "language", "market", "surface")},
            **{name: f'v."{name}"' for name in ("author_id", "created_at")},
            "views": "i.views",
            "reports": "i.reports",
            "context": "v.context",
            "version": "i.version",
            "received_at": "v.received_at",
            PENDING: "i.pending_since",
        },
    ),
    "decisions": (
        "content_decision d join content_item i on i.id = d.item_id",
        {
            "zone": "i.zone",
            "item_id": "i.external_id",
            **{
                name: f'd."{name}"'
                for name in (
                    *("strategy", "strategy_version", "arm", "action", "rule", "policy", "queue", "escalate"),
                    *("reason", "failure", "values", "detectors", "cost_ms", "cost_money"),
                    *("audit_probability", "audited", "item_version", "decided_at"),
                )
            },
        },
    ),
    "events": (
        "events_event e join content_item i on i.id = e.item_id",
        {
            "zone": "e.zone",
            "id": "e.external_id",
            "item_id": "i.external_id",
            **{
                name: f'e."{name}"'
                for name in ("type", "by", "reason", "statement", "views", "at", "received_at")
            },
        },
    ),
}


def create(vendor: str, *, pending: bool = True) -> list[str]:
    """The statements that make the views; without `pending`, as they were in version 0.1."""
    schema = ["create schema reporting"] if vendor == "postgresql" else []
    return schema + [_view(vendor, name, pending) for name in VIEWS]


def show_items(vendor: str, *, pending: bool = True) -> list[str]:
    """The statements that make the view of items anew. Rights on it stay where it gains a column."""
    if vendor != "postgresql":
        return ["drop view reporting_items", _view(vendor, "items", pending)]
    if pending:
        return [_view(vendor, "items", pending).replace("create view", "create or replace view", 1)]
    return ["drop view reporting.items", _view(vendor, "items", pending)]


def _view(vendor: str, name: str, pending: bool) -> str:
    source, columns = VIEWS[name]
    shown = {column: one for column, one in columns.items() if pending or column != PENDING}
    chosen = ", ".join(f'{expression} as "{column}"' for column, expression in shown.items())
    if vendor != "postgresql":
        return f"create view reporting_{name} as select {chosen} from {source}"
    mine = "select r.zone from public.reporting_reader r where r.role = current_user"
    # A barrier: no function of a query sees a row before the zone was looked at.
    return (
        f"create view reporting.{name} with (security_barrier) as select {chosen} from {source} "
        f"where {columns['zone']} in ({mine})"
    )


def drop(vendor: str) -> list[str]:
    if vendor == "postgresql":
        return ["drop schema reporting cascade"]
    return [f"drop view reporting_{name}" for name in VIEWS]

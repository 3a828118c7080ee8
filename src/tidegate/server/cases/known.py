"""What may be searched for by name: the actions, policies, rules and queues that there are now."""

from __future__ import annotations

from collections.abc import Mapping

from tidegate.runs.bench import policy_ids
from tidegate.server.launches.decider import checked, site
from tidegate.server.launches.reads import active
from tidegate.server.launches.versions import chosen
from tidegate.server.review.models import Queue


def known_names() -> Mapping[str, list[str]]:
    """Names by field of the search; older decisions may carry others, so that these are no bound."""
    workspace = site().workspace
    now = active()
    rules = () if now is None else checked(chosen(now[1]).text).rules
    return {
        "rule": [rule.id for rule in rules],
        "action": list(workspace.ladder.names),
        "policy": sorted(policy_ids(workspace)),
        "queue": sorted(set(Queue.objects.values_list("name", flat=True))),
    }

"""The form of an answer, as JSON schema: what servers hold a model to, and what `answer` checks again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tidegate.policy.model import Policy, Severity

VERSION = 2
"""Counts changes of the form, and of how items are shown, so that answers in an older one are not taken from
the store."""

ADDRESSES = "addresses_judge"
NO_CLAUSE, NO_SEVERITY = "none", "none"
YES_NO = {"enum": ["yes", "no"]}


def answer_schema(policies: Sequence[Policy]) -> dict[str, Any]:
    """One object per policy, under its id, verdict first; before them whether the item addresses the judge.

    The verdict comes first so that the probability of its token is what the model believes of the item, and
    not of an argument that it has just written.
    """
    return _object({ADDRESSES: YES_NO, **{policy.id: _verdict(policy) for policy in policies}})


def _verdict(policy: Policy) -> dict[str, Any]:
    return _object(
        {
            "violates": YES_NO,
            "clause": {"enum": [*(clause.id for clause in policy.clauses), NO_CLAUSE]},
            "severity": {"enum": [NO_SEVERITY, *(level.value for level in Severity)]},
            "evidence": {"type": "string"},
            "rationale": {"type": "string"},
        }
    )


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }

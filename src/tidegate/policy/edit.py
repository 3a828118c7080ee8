"""Rewording one clause of a policy file, in one language, and nothing else of it."""

from __future__ import annotations

import re

from tidegate.errors import PolicyError, Where
from tidegate.policy.model import Policy
from tidegate.policy.sections import CLAUSE, HEADING, ITEM


def with_clause(policy: Policy, source: str, clause_id: str, language: str, text: str) -> str:
    """`source`, the text of the policy's file, with another wording of one clause.

    Raises:
        PolicyError: the policy has no such clause, or is not written in this language, or the wording is
            empty or more than a paragraph.
    """
    where = Where(policy.source, field=clause_id)
    words = " ".join(text.split())
    if not words or re.match(r"[-*#]", words) or "**" in words:
        raise PolicyError(
            "this is no wording of a clause",
            where=where,
            remedy="Write one to three sentences, without marks.",
        )
    there = [clause.id for clause in policy.clauses]
    if clause_id not in there or language not in policy.languages:
        raise PolicyError(
            f"the policy has no clause '{clause_id}' in '{language}'",
            where=where,
            remedy=f"Clauses are {', '.join(there)}, in {', '.join(policy.languages)}.",
        )
    lines = source.split("\n")
    start = _line_of(lines, clause_id, language, policy)
    end = start + 1
    while (
        end < len(lines)
        and lines[end].strip()
        and not ITEM.match(lines[end])
        and not lines[end].startswith("#")
    ):
        end += 1
    found = CLAUSE.match(lines[start])
    assert found is not None
    head = lines[start][: found.start("text")].rstrip()
    return "\n".join([*lines[:start], f"{head} {words}", *lines[end:]])


def _line_of(lines: list[str], clause_id: str, language: str, policy: Policy) -> int:
    """The line, from 0, on which the clause begins in this language; it is there, since the policy is
    whole."""
    kind = policy.clause(clause_id).kind
    here = False
    for number, line in enumerate(lines):
        heading = HEADING.fullmatch(line)
        if heading:
            tag = heading["tag"] or policy.languages[0]
            here = heading["name"] == kind.section.value and tag == language
        clause = CLAUSE.match(line) if here else None
        if clause and clause["id"] == clause_id:
            return number
    raise AssertionError(f"{clause_id} is in no section of the file")

"""From a model's text to verdicts, or to the reason why it is none.

A server that was asked to hold the model to a schema may not have done so, so everything is checked here, and
more than a schema can say: that verdict and clause agree, and that what is quoted stands in the item.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from tidegate.policy.model import ClauseKind, Policy, Severity
from tidegate.signals.judge.failure import NoVerdictError
from tidegate.signals.judge.schema import ADDRESSES, NO_CLAUSE, NO_SEVERITY

WRONG_FORM = "the answer has not the form asked for"
LONGEST_RATIONALE = 2_000
ELLIPSIS = re.compile(r"\.{3,}|…+")
FENCE = re.compile(r"\A\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*\Z", re.DOTALL)
THOUGHT = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)


@dataclass(frozen=True)
class Verdict:
    """What the judge says of one policy.

    clause: None where the policy does not speak of the item. severity, evidence: None and "" where it does
    not violate.
    """

    violates: bool
    clause: str | None
    severity: str | None
    evidence: str
    rationale: str


def verdicts_of(text: str, policies: Sequence[Policy], item: str | None) -> dict[str, Verdict]:
    """The verdicts in an answer, by policy id.

    Args:
        item: the text that was shown, control tokens taken apart; None where there was a picture, which
            cannot be quoted.

    Raises:
        NoVerdictError: the answer is not whole, contradicts the policy or itself, or misquotes the item.
    """
    answer = _object_in(text)
    if set(answer) != {ADDRESSES, *(policy.id for policy in policies)}:
        raise NoVerdictError(WRONG_FORM)
    if _yes(answer, ADDRESSES):
        raise NoVerdictError("the item addresses the judge")
    return {policy.id: _verdict(answer[policy.id], policy, item) for policy in policies}


def json_start(text: str) -> int:
    """Where the JSON of an answer begins, past thoughts and a code fence."""
    thought = THOUGHT.match(text)
    begin = thought.end() if thought else 0
    return text.find("{", begin)


def _object_in(text: str) -> dict[str, Any]:
    """The answer's object. Models that were not held to a schema may think aloud first, or fence their
    JSON."""
    bare = THOUGHT.sub("", text)
    fenced = FENCE.match(bare)
    try:
        body = fenced.group(1) if fenced else bare
        value = orjson.loads(body)
        json.loads(body, object_pairs_hook=_once_each)
    except (ValueError, RecursionError):
        raise NoVerdictError(WRONG_FORM) from None
    if not isinstance(value, dict):
        raise NoVerdictError(WRONG_FORM)
    return value


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A field that comes twice says two things: which of them counts is for nobody to choose."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a field comes twice")
    return found


def _verdict(raw: object, policy: Policy, item: str | None) -> Verdict:
    keys = {"violates", "clause", "severity", "evidence", "rationale"}
    if not isinstance(raw, dict) or set(raw) != keys:
        raise NoVerdictError(WRONG_FORM)
    violates = _yes(raw, "violates")
    clause, severity = _text(raw, "clause"), _text(raw, "severity")
    evidence, rationale = _text(raw, "evidence").strip(), _text(raw, "rationale").strip()
    _check_clause(clause, violates, policy)
    if severity not in (NO_SEVERITY, *Severity):
        raise NoVerdictError(WRONG_FORM)
    if violates and item is not None and not _is_in(evidence, item):
        raise NoVerdictError("the answer quotes what is not in the item")
    return Verdict(
        violates=violates,
        clause=None if clause == NO_CLAUSE else clause,
        # A model that forgets how grave it is means as grave as the policy says.
        severity=None if not violates else policy.severity.value if severity == NO_SEVERITY else severity,
        evidence=evidence if violates else "",
        rationale=rationale[:LONGEST_RATIONALE],
    )


def _check_clause(clause: str, violates: bool, policy: Policy) -> None:
    if clause == NO_CLAUSE:
        if violates:
            raise NoVerdictError("the answer and the clause it cites disagree")
        return
    kinds = {one.id: one.kind for one in policy.clauses}
    if clause not in kinds:
        raise NoVerdictError("the answer cites a clause that is not in the policy")
    if kinds[clause] is (ClauseKind.DOES_NOT if violates else ClauseKind.VIOLATES):
        raise NoVerdictError("the answer and the clause it cites disagree")


def _is_in(quoted: str, item: str) -> bool:
    """Whether the item says what is quoted, but for case, spacing and what an ellipsis leaves out."""
    whole = _plain(item)
    parts = [part for part in (_plain(one) for one in ELLIPSIS.split(quoted)) if part]
    return bool(parts) and all(part in whole for part in parts)


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(folded.split()).strip(" \"'“”‘’「」")


def _yes(raw: Mapping[str, object], key: str) -> bool:
    value = raw.get(key)
    if value not in ("yes", "no"):
        raise NoVerdictError(WRONG_FORM)
    return value == "yes"


def _text(raw: Mapping[str, object], key: str) -> str:
    value = raw.get(key)
    if not isinstance(value, str):
        raise NoVerdictError(WRONG_FORM)
    return value

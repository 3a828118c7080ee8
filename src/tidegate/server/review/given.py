"""An answer as the screen gives it, held against the policies and the ladder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tidegate.errors import RunError, Where
from tidegate.names import nearest
from tidegate.policy.ladder import Outcome
from tidegate.policy.model import ClauseKind, Policy, Severity
from tidegate.server.review.policies import ladder, written
from tidegate.server.review.times import EVENTS

MOST_EVENTS = 2_000
"""Of the screen, with one answer; more are cut off in the middle of the list, never at its ends."""
LONGEST_NOTE = 4_000


@dataclass(frozen=True)
class Given:
    """What somebody answers; it violates where `policy` is given.

    Attributes:
        key: the browser's own, for this answer alone.
        handle: of the task.
        action: a step of the ladder.
        span: the stretch of the text that decides, in characters.
        escalate: whether to call the policy's escalation path.
        second_opinion: whether somebody else is to answer too before anything is done.
        screen: raw events: what, and milliseconds since the item was painted.
        bulk: the decision on near-duplicates that this is a part of.
    """

    key: UUID
    handle: UUID
    action: str
    policy: str | None = None
    clause: str | None = None
    severity: str | None = None
    note: str = ""
    span: tuple[int, int] | None = None
    escalate: bool = False
    second_opinion: bool = False
    assist_verdict: str = ""
    screen: Sequence[tuple[str, int]] = field(default_factory=tuple)
    bulk: UUID | None = None

    @property
    def violates(self) -> bool:
        return self.policy is not None


def checked(given: Given, text: str | None) -> Policy | None:
    """The policy that an answer names, where it names one.

    Args:
        text: of the item, for the span.

    Raises:
        RunError: the answer says something that cannot be, with the field and a remedy.
    """
    steps = ladder()
    if given.action not in steps:
        raise _wrong("action", f"there is no action '{given.action}'", nearest(given.action, steps.names))
    outcome = steps[given.action].outcome
    if outcome is Outcome.HELD:
        raise _wrong("action", "an answer ends the wait", "Decide, or ask for a second opinion.")
    if len(given.note) > LONGEST_NOTE:
        raise _wrong("note", "the note is too long", f"Keep it to {LONGEST_NOTE} characters.")
    if given.span is not None and not 0 <= given.span[0] < given.span[1] <= len(text or ""):
        raise _wrong("span", "this stretch is not in the text", "Mark it anew.")
    if given.policy is None:
        if outcome is not Outcome.PASSED:
            raise _wrong("policy", "an action needs a policy", "Name the policy that the item violates.")
        for name in ("clause", "severity"):
            if getattr(given, name) is not None:
                raise _wrong(name, f"a {name} needs its policy", "Name the policy too.")
        return None
    policy = written().get(given.policy)
    if policy is None:
        raise _wrong("policy", f"there is no policy '{given.policy}'", nearest(given.policy, written()))
    if given.action not in policy.actions:
        raise _wrong(
            "action",
            f"{policy.id} does not provide for '{given.action}'",
            f"It provides for {', '.join(policy.actions)}.",
        )
    _check_clause(given, policy)
    if given.severity is not None and given.severity not in list(Severity):
        raise _wrong(
            "severity", f"there is no severity '{given.severity}'", "Say low, medium, high or critical."
        )
    if given.escalate and policy.escalation is None:
        raise _wrong("escalate", f"{policy.id} has no escalation path", "Decide without it.")
    return policy


def screen_of(told: Any) -> list[tuple[str, int]]:
    """Raw events as the browser sent them; what is none is left out, so that a slip of the screen costs no
    answer."""
    if not isinstance(told, list):
        return []
    events = [
        (one[0], one[1])
        for one in told
        if isinstance(one, list | tuple)
        and len(one) == 2
        and one[0] in EVENTS
        and isinstance(one[1], int)
        and 0 <= one[1] < 2**53
    ]
    if len(events) > MOST_EVENTS:
        half = MOST_EVENTS // 2
        events = events[:half] + events[-half:]
    return events


def given_from(told: Mapping[str, Any]) -> Given:
    """An answer from the browser's JSON.

    Raises:
        RunError: a field is missing or of the wrong kind.
    """
    span = told.get("span")
    if span is not None and not (
        isinstance(span, list) and len(span) == 2 and all(isinstance(one, int) for one in span)
    ):
        raise _wrong("span", "a span is two whole numbers", "Mark it anew.")
    return Given(
        key=uuid_of(told, "key"),
        handle=uuid_of(told, "handle"),
        action=_text(told, "action") or "",
        policy=_text(told, "policy"),
        clause=_text(told, "clause"),
        severity=_text(told, "severity"),
        note=_text(told, "note") or "",
        span=None if span is None else (span[0], span[1]),
        escalate=told.get("escalate") is True,
        second_opinion=told.get("second_opinion") is True,
        assist_verdict=(_text(told, "assist_verdict") or "")[:200],
        screen=screen_of(told.get("screen")),
        bulk=None if told.get("bulk") is None else uuid_of(told, "bulk"),
    )


def uuid_of(told: Mapping[str, Any], field_name: str) -> UUID:
    """A UUID of the browser's JSON.

    Raises:
        RunError: it is none.
    """
    try:
        return UUID(str(told.get(field_name)))
    except ValueError as error:
        raise _wrong(field_name, "this is no UUID", "Load the page anew.") from error


def _text(told: Mapping[str, Any], name: str) -> str | None:
    value = told.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or "\x00" in value:
        raise _wrong(name, "this must be text without NUL characters", "Write it anew.")
    return value


def _check_clause(given: Given, policy: Policy) -> None:
    if given.clause is None:
        return
    try:
        kind = policy.clause(given.clause).kind
    except KeyError as error:
        ids = [clause.id for clause in policy.clauses]
        raise _wrong(
            "clause", f"{policy.id} has no clause '{given.clause}'", f"It has {', '.join(ids)}."
        ) from error
    if kind is ClauseKind.DOES_NOT:
        raise _wrong(
            "clause", f"{given.clause} says what does not violate", "Choose another, or call it fine."
        )


def _wrong(field_name: str, what: str, remedy: str) -> RunError:
    return RunError(what, where=Where(field=field_name), remedy=remedy)

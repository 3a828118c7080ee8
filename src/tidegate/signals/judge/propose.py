"""Asking the model that judges for a better wording of a clause that it and people read differently.

What it proposes is only ever tried on held-out cases; a person adopts it. `runs.judging.proposing_dspy`
searches further, by way of this.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson

from tidegate.policy.model import Policy
from tidegate.signals.judge.apart import run_apart
from tidegate.signals.judge.asking import Bill, Line
from tidegate.signals.judge.budget import Budget, tokens_at_most
from tidegate.signals.judge.detector import Judge
from tidegate.signals.judge.failure import NoVerdictError
from tidegate.signals.judge.marks import defused, marks
from tidegate.signals.judge.store import open_store
from tidegate.signals.judge.transport import open_client

KINDS = ("clarify", "exception", "example")
MOST_EXAMPLES = 8
REASONS = "What reviewers say is wrong with the judge's answers to such posts:"
ANSWER_TOKENS = 500
ASKED = Path(__file__).parent / "prompts" / "edit.md"


@dataclass(frozen=True)
class Edit:
    """A new wording of one clause. `by` is whose it is: a person's, or a model's."""

    kind: str
    clause: str
    language: str
    text: str
    why: str
    by: str


class Wrong(StrEnum):
    """What is wrong with the judge's answers to some posts."""

    MISSED = "missed"
    """They violate, and it says that they do not."""
    STOPPED = "stopped"
    """They do not violate, and it says that they do."""
    GROUNDS = "grounds"
    """It decides as people do, and reviewers call what it says of them wrong."""


SAID = {
    Wrong.MISSED: "the judge says that they do not violate, and people say that they violate",
    Wrong.STOPPED: "the judge says that they violate, and people say that they do not violate",
    Wrong.GROUNDS: "the judge decides as people do, but those who read its reasons call them wrong",
}


def propose(
    judge: Judge,
    policy: Policy,
    clause: str,
    wrong: Wrong,
    texts: Sequence[str],
    reasons: Sequence[str] = (),
    *,
    only: str | None = None,
) -> Edit:
    """The model's proposal about posts that it gets `wrong`.

    Args:
        clause: the one that the judge cites. reasons: what reviewers wrote about its answers to such posts.
        only: the clause to reword; any without it.

    Raises:
        NoVerdictError: there is none, for a reason.
    """
    language = judge.settings.language
    system = ASKED.read_text(encoding="utf-8").format(
        said=SAID[wrong], clause=clause, policy=policy.prompt(language)
    )
    clauses = [only] if only else [one.id for one in policy.clauses]
    if only:
        system += f"\nReword clause {only}, and no other."
    shown = [set_apart(judge, text) for text in texts[:MOST_EXAMPLES]]
    if reasons:
        shown += [REASONS, *(set_apart(judge, reason) for reason in reasons[:MOST_EXAMPLES])]
    request: dict[str, Any] = {
        "model": judge.settings.model,
        "messages": [{"role": "system", "content": system}, {"role": "user", "content": "\n\n".join(shown)}],
        "max_tokens": ANSWER_TOKENS,
        "temperature": 0.0,
    }
    if judge.settings.structured:
        schema = {"name": "edit", "strict": True, "schema": _schema(clauses)}
        request["response_format"] = {"type": "json_schema", "json_schema": schema}
    answer = ask(judge, request, tokens_at_most(system + "".join(shown)))
    return _edit(answer, clauses, language, judge.settings.model)


def set_apart(judge: Judge, text: str) -> str:
    """A text as data: between marks that it cannot contain, control tokens taken apart."""
    harmless = defused(text)
    begin, end = marks(harmless, judge.prompt.version)
    return f"{begin}\n{harmless}\n{end}"


def ask(judge: Judge, request: dict[str, Any], tokens_in: int) -> str:
    """The server's answer to a request of at most so many tokens, within the judge's budget.

    Raises:
        NoVerdictError: there is none, for a reason.
    """
    return run_apart(lambda: _ask(judge, request, tokens_in))


async def _ask(judge: Judge, request: dict[str, Any], tokens_in: int) -> str:
    with open_store(judge.store_path, judge.settings.keep_days) as store:
        client = open_client(judge.settings.base_url, judge.settings.key_env, judge.where)
        try:
            budget = Budget(judge.settings, store, judge.name)
            line = Line(client, judge.settings, judge.breaker, budget, judge.patient)
            async with asyncio.timeout(judge.settings.deadline_s):
                return (await line.ask(request, tokens_in, Bill())).text
        except TimeoutError:
            raise NoVerdictError(f"no answer within {judge.settings.deadline_s:g} s") from None
        finally:
            await client.close()


def _edit(answer: str, clauses: Sequence[str], language: str, model: str) -> Edit:
    try:
        found = orjson.loads(answer)
        edit = Edit(
            found["kind"], found["clause"], language, found["text"].strip(), found["why"].strip(), model
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        raise NoVerdictError("the answer has not the form asked for") from None
    if edit.kind not in KINDS or not edit.text or edit.clause not in clauses:
        raise NoVerdictError("the answer has not the form asked for")
    return edit


def _schema(clauses: Sequence[str]) -> dict[str, Any]:
    properties = {
        "kind": {"enum": list(KINDS)},
        "clause": {"enum": list(clauses)},
        "text": {"type": "string"},
        "why": {"type": "string"},
    }
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }

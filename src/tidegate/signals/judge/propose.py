"""Asking the model that judges for a better wording of a clause that it and people read differently.

What it proposes is only ever tried on held-out cases; a person adopts it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
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


def propose(judge: Judge, policy: Policy, clause: str, missed: bool, texts: Sequence[str]) -> Edit:
    """The model's proposal about posts that it `missed`, or else stopped wrongly.

    Raises:
        NoVerdictError: there is none, for a reason.
    """
    language = judge.settings.language
    says = ("do not violate", "violate") if missed else ("violate", "do not violate")
    system = ASKED.read_text(encoding="utf-8").format(
        judge=says[0], people=says[1], clause=clause, policy=policy.prompt(language)
    )
    shown = []
    for text in texts[:MOST_EXAMPLES]:
        harmless = defused(text)
        begin, end = marks(harmless, judge.prompt.version)
        shown.append(f"{begin}\n{harmless}\n{end}")
    request: dict[str, Any] = {
        "model": judge.settings.model,
        "messages": [{"role": "system", "content": system}, {"role": "user", "content": "\n\n".join(shown)}],
        "max_tokens": ANSWER_TOKENS,
        "temperature": 0.0,
    }
    if judge.settings.structured:
        schema = {"name": "edit", "strict": True, "schema": _schema(policy)}
        request["response_format"] = {"type": "json_schema", "json_schema": schema}
    answer = run_apart(lambda: _ask(judge, request, tokens_at_most(system + "".join(shown))))
    return _edit(answer, policy, language, judge.settings.model)


async def _ask(judge: Judge, request: dict[str, Any], tokens_in: int) -> str:
    with open_store(judge.store_path, judge.settings.keep_days) as store:
        client = open_client(judge.settings.base_url, judge.settings.key_env, judge.where)
        try:
            line = Line(client, judge.settings, judge.breaker, Budget(judge.settings, store, judge.name))
            async with asyncio.timeout(judge.settings.deadline_s):
                return (await line.ask(request, tokens_in, Bill())).text
        except TimeoutError:
            raise NoVerdictError(f"no answer within {judge.settings.deadline_s:g} s") from None
        finally:
            await client.close()


def _edit(answer: str, policy: Policy, language: str, model: str) -> Edit:
    try:
        found = orjson.loads(answer)
        edit = Edit(
            found["kind"], found["clause"], language, found["text"].strip(), found["why"].strip(), model
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        raise NoVerdictError("the answer has not the form asked for") from None
    if edit.kind not in KINDS or not edit.text or edit.clause not in {one.id for one in policy.clauses}:
        raise NoVerdictError("the answer has not the form asked for")
    return edit


def _schema(policy: Policy) -> dict[str, Any]:
    properties = {
        "kind": {"enum": list(KINDS)},
        "clause": {"enum": [clause.id for clause in policy.clauses]},
        "text": {"type": "string"},
        "why": {"type": "string"},
    }
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }

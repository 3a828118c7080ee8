"""What a search box does about a query that was decided: which results it shows, and which help beside."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from tidegate.errors import TidegateError
from tidegate.policy.ladder import Ladder, Outcome
from tidegate.policy.load import load_policy
from tidegate.runs.workspace import Workspace

QUERY = "query"
ALL, SAFE, NONE = "all", "safe", "none"
BESIDE = "inform"
"""The step that shows something beside what was asked for and takes nothing away."""

UNDECIDED = {"results": SAFE, "banner": None}
"""What `search` says of a query that is pending."""

log = logging.getLogger("tidegate.content")


def search(language: str | None, action: str, policy: str | None, workspace: Workspace) -> dict[str, Any]:
    """`results` and `banner`, for a query in this language that was decided so.

    The banner is the `help` of the policy that decided, in the query's language, else in English, else in the
    policy's first; null where the policy has none, or the query simply passes.
    """
    passed = workspace.ladder[action].outcome is Outcome.PASSED
    help_of = {} if passed or policy is None else _help(workspace.policies / f"{policy}.md")
    return {"results": results(action, workspace.ladder), "banner": in_language(help_of, language)}


def results(action: str, ladder: Ladder) -> str:
    """All results where the query passes or is only informed about, none where the gravest step is taken;
    safe ones in between, also while a query waits for a person."""
    if ladder[action].outcome is Outcome.PASSED or action == BESIDE:
        return ALL
    return NONE if action == ladder.with_outcome(Outcome.ACTIONED)[-1] else SAFE


def in_language(texts: Mapping[str, str], language: str | None) -> str | None:
    """The text of a BCP 47 tag such as zh-Hans-CN, by the longest part of it that there is."""
    tag = (language or "").lower()
    while tag:
        if tag in texts:
            return texts[tag]
        tag = tag.rpartition("-")[0]
    return texts.get("en") or next(iter(texts.values()), None)


def _help(path: Path) -> Mapping[str, str]:
    try:
        return _read(path, path.stat().st_mtime_ns)
    except (OSError, TidegateError) as error:
        # A query is answered all the same; `tidegate policy check` says what is wrong.
        log.warning("the policy %s cannot be read: %s", path.stem, type(error).__name__)
        return {}


@lru_cache(maxsize=100)
def _read(path: Path, _: int) -> Mapping[str, str]:
    """The help that a policy offers; read again when the file has changed."""
    return load_policy(path).help

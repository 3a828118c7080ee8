"""Edits through dspy's optimiser, which `make test-dspy` installs: a search that ends in a better clause, and
the way to a real model and back."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.runs.test_improving import DRUMS, improve, literal
from tests.signals.judge.conftest import items_of, write_policy
from tests.signals.judge.llama import llama
from tests.signals.judge.serving import Connection, Request, Server, completion, serving
from tests.signals.judge.test_llama import PROMPT

from tidegate.policy.edit import with_clause
from tidegate.policy.folder import PolicyFolder
from tidegate.policy.load import load_policy
from tidegate.policy.model import Policy
from tidegate.runs.judging import proposing_dspy
from tidegate.runs.judging.cases import without_memory
from tidegate.runs.judging.improving import Cluster, Lessons
from tidegate.signals import build_detectors
from tidegate.signals.judge.detector import Judge
from tidegate.signals.judge.failure import NoVerdictError
from tidegate.signals.judge.propose import Wrong

pytest.importorskip("dspy", reason="make test-dspy installs it")
pytestmark = pytest.mark.slow
SECRET = "number"
"""A word of every post."""


def stubborn() -> object:
    """A judge that takes drums for no music unless the policy names them. Asked for a wording it first gives
    one that helps nothing, then one that stops too much, then the one that is right."""
    asked = []

    def behave(connection: Connection, request: Request) -> None:
        if request["messages"][0]["content"].startswith("You edit a written policy"):
            asked.append(request)
            text = ("Music at night.", "Any music.", DRUMS)[min(len(asked), 3) - 1]
            words = {"kind": "clarify", "clause": "N1", "text": text, "why": "Drums were passed over."}
            connection.respond(completion(json.dumps(words)))
            return
        literal(connection, request)

    return behave


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with serving(stubborn()) as server:  # type: ignore[arg-type]
        lay_out(tmp_path, server.url, monkeypatch)
        yield server


def lay_out(place: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    monkeypatch.setenv("DSPY_CACHEDIR", str(place / "dspy-cache"))
    monkeypatch.setenv("HOME", str(place / "home"))
    write_policy(place / "policies")
    lines, labels = [], []
    for n in range(120):
        what = ("at night the trumpet plays", "at night we drum", "by day we drum")[n % 3]
        lines.append({"id": f"p{n}", "text": f"{what}, {SECRET} {n}"})
        labels.append({"item_id": f"p{n}", "violates": "at night" in what, "policy": "loud-music"})
    (place / "posts.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    (place / "labels.jsonl").write_text("".join(json.dumps(one) + "\n" for one in labels))
    (place / "tidegate.toml").write_text(
        f'[detectors.judge]\nbase_url = "{url}"\nmodel = "small"\nsamples = 0\n'
    )


def test_a_search_goes_past_wordings_that_do_not_help(server: Server, tmp_path: Path) -> None:
    done = improve("--propose", "1", "--through", "dspy", "--out", "better.md")
    assert done.exit_code == 0, done.output
    assert "clarify N1 (en), by small through dspy" in done.output
    assert ": better" in done.output
    assert DRUMS in Path("better.md").read_text()
    edits = [one for one in server.requests if "You edit" in one["messages"][0]["content"]]
    assert len(edits) >= 3
    assert all("Reword clause N1" in one["messages"][0]["content"] for one in edits)


def test_a_search_leaves_no_post_behind_on_disk_or_in_logs(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        improve("--propose", "1", "--through", "dspy")
    assert SECRET not in caplog.text
    files = [one for one in tmp_path.rglob("*") if one.is_file() and one.name != "posts.jsonl"]
    assert not [one.name for one in files if b"we drum" in one.read_bytes()]


def test_the_way_to_a_real_model_and_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is far too small to judge or to write: what is proved is that a search asks it for verdicts and
    wordings, within the budget, and ends with an edit or a reason."""
    monkeypatch.setattr(proposing_dspy, "MOST_WORDINGS", 2)
    monkeypatch.setattr(proposing_dspy, "MOST_VERDICTS", 16)
    write_policy(tmp_path / "policies")
    (tmp_path / "own.md").write_text(PROMPT, encoding="utf-8")
    policies = PolicyFolder(tmp_path / "policies")
    policy = policies.load()["loud-music"]
    items = items_of("at 23 the trumpet plays")
    lessons = Lessons(items, np.array([True]), lambda clause, text: _reworded(policy, clause, text))
    fine = ("by day, never at 23, we drum", "we drum at noon and not at 23")
    cluster = Cluster(Wrong.STOPPED, "V1", ("a", "b"), fine)
    with llama() as url:
        section = {"base_url": url, "model": "small", "prompt": "own.md", "max_tokens": 150, "samples": 0}
        section |= {"deadline_s": 900, "concurrency": 1}
        judge = build_detectors({"judge": section}, tmp_path, policies)["judge"]
        assert isinstance(judge, Judge)
        try:
            found = proposing_dspy.by_dspy(without_memory(judge), policy, cluster, lessons).by
        except NoVerdictError as error:
            found = error.reason
    assert found.startswith(("small through dspy", "the answer ", "the search found no better wording"))
    with sqlite3.connect(tmp_path / "judge.sqlite") as store:
        (tokens,) = store.execute("SELECT sum(tokens) FROM spending").fetchone()
    store.close()
    assert tokens > 4 * 500  # three verdicts and a wording, each with the policy before it


def _reworded(policy: Policy, clause: str, text: str) -> Policy:
    changed = with_clause(policy, policy.source.read_text(encoding="utf-8"), clause, "en", text)
    policy.source.with_name("changed").mkdir(exist_ok=True)
    path = policy.source.with_name("changed") / policy.source.name
    path.write_text(changed, encoding="utf-8")
    return load_policy(path)

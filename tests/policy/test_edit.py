"""An edit rewords one clause in one language, and nothing else of the file."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.signals.judge.conftest import write_policy

from tidegate.errors import PolicyError
from tidegate.policy.compare import changes
from tidegate.policy.edit import with_clause
from tidegate.policy.load import load_policies, load_policy
from tidegate.runs.workspace import STARTER


def test_one_clause_is_reworded_in_one_language(tmp_path: Path) -> None:
    write_policy(tmp_path)
    path = tmp_path / "loud-music.md"
    before = load_policy(path)
    text = with_clause(before, path.read_text(encoding="utf-8"), "V1", "zh", "晚十点以后，\n 任何音乐。")
    path.write_text(text, encoding="utf-8")
    after = load_policy(path)
    assert after.clause("V1").text["zh"] == "晚十点以后， 任何音乐。"
    assert after.clause("V1").title == before.clause("V1").title
    assert len(list(changes(before, after))) == 1


def test_every_clause_of_the_starter_policies_can_be_reworded_alone(tmp_path: Path) -> None:
    for policy in load_policies(STARTER / "policies").values():
        source = policy.source.read_text(encoding="utf-8")
        path = tmp_path / policy.source.name
        for clause in policy.clauses:
            for language in policy.languages:
                path.write_text(with_clause(policy, source, clause.id, language, "Other words."), "utf-8")
                told = list(changes(policy, load_policy(path)))
                assert len(told) == 1
                assert told[0].startswith(f"{clause.id} ({language})")


@pytest.mark.parametrize(
    ("clause", "language", "text", "message"),
    [
        ("V9", "en", "Words.", "no clause 'V9' in 'en'"),
        ("V1", "fr", "Words.", "no clause 'V1' in 'fr'"),
        ("V1", "en", " ", "this is no wording"),
        ("V1", "en", "## Scope", "this is no wording"),
        ("V1", "en", "x\n- **V2 New.** Words.", "this is no wording"),
    ],
)
def test_what_is_no_wording_is_refused(
    tmp_path: Path, clause: str, language: str, text: str, message: str
) -> None:
    write_policy(tmp_path)
    path = tmp_path / "loud-music.md"
    with pytest.raises(PolicyError) as caught:
        with_clause(load_policy(path), path.read_text(encoding="utf-8"), clause, language, text)
    assert message in str(caught.value)

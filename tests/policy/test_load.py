"""Loading whole policies: what is read, in which order, and under which version."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.errors import PolicyError
from tidegate.policy.ladder import LADDER, Action, Outcome
from tidegate.policy.load import load_policies, load_policy
from tidegate.policy.model import ClauseKind, Difficulty, Severity


def test_every_field_of_a_whole_policy_is_read(folder):
    policy = load_policy(folder.policy)

    assert policy.id == "loud-music"
    assert policy.title == {"en": "Loud music", "zh": "大声放音乐"}
    assert policy.harm == "harassment"
    assert policy.severity is Severity.LOW
    assert policy.languages == ("en", "zh")
    assert policy.escalation is None
    assert policy.legal == ("House rules: quiet from ten.",)
    assert policy.help == {}
    assert policy.source == folder.policy
    assert policy.sections["Scope"] == {"en": "Music that the neighbours hear.", "zh": "邻居听得见的音乐。"}


def test_actions_are_put_in_the_order_of_the_ladder(folder):
    folder.edit("actions: [remove, allow, label]", "actions: [remove, age_restrict, inform]")

    assert load_policy(folder.policy).actions == ("inform", "age_restrict", "remove")


def test_clauses_are_read_in_order_in_both_languages_across_lines(folder):
    clauses = load_policy(folder.policy).clauses

    assert [clause.id for clause in clauses] == ["V1", "N1", "B1"]
    assert [clause.kind for clause in clauses] == list(ClauseKind)
    assert clauses[0].title == {"en": "After ten", "zh": "十点以后"}
    assert clauses[0].text == {"en": "Loud music at night.", "zh": "深夜大声放音乐。"}
    assert clauses[0].line == 22


def test_a_clause_is_found_by_its_id(folder):
    policy = load_policy(folder.policy)

    assert policy.clause("B1").title["en"] == "New Year"
    with pytest.raises(KeyError):
        policy.clause("V9")


def test_an_escalation_path_and_help_are_read_where_given(folder):
    folder.edit("escalation: none", "escalation: quiet-desk")
    folder.edit("legal:", "help:\n  en: Knock.\n  zh: 敲门。\nlegal:")

    policy = load_policy(folder.policy)

    assert policy.escalation == "quiet-desk"
    assert policy.help == {"en": "Knock.", "zh": "敲门。"}


def test_words_that_yaml_takes_for_truth_values_stay_words(folder):
    folder.edit("en: Loud music", "en: no")

    assert load_policy(folder.policy).title["en"] == "no"


def test_headings_may_name_the_first_language_and_use_full_width_brackets(folder):
    folder.edit("## Scope\n", "## Scope (en)\n")
    folder.edit("## Scope (zh)", "## Scope（zh）")

    assert set(load_policy(folder.policy).sections["Scope"]) == {"en", "zh"}


def test_a_policy_may_be_written_in_other_languages_than_the_starters(folder):
    text = folder.policy.read_text(encoding="utf-8").replace("(zh)", "(id)").replace("zh: ", "id: ")
    folder.policy.write_text(text.replace("[en, zh]", "[en, id]"), encoding="utf-8")

    assert load_policy(folder.policy).languages == ("en", "id")


def test_an_action_that_the_workspace_added_is_known(folder):
    folder.edit("actions: [remove, allow, label]", "actions: [hush, allow]")
    ladder = LADDER.extended([Action("hush", 5, Outcome.ACTIONED)])

    assert load_policy(folder.policy, ladder).actions == ("allow", "hush")


def test_the_version_is_the_same_on_every_system_and_changes_with_any_word(folder):
    version = load_policy(folder.policy).version
    text = folder.policy.read_bytes()

    folder.policy.write_bytes(b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n"))
    assert load_policy(folder.policy).version == version

    folder.policy.write_bytes(text.replace(b"Listen first", b"Listen twice"))
    assert load_policy(folder.policy).version != version


def test_the_label_is_the_id_and_twelve_digits_of_the_version(folder):
    policy = load_policy(folder.policy)

    assert policy.label == f"loud-music@{policy.version[:12]}"
    assert len(policy.version) == 64


def test_a_folder_is_read_as_a_mapping_in_the_order_of_ids(folder):
    other = folder.policy.read_text(encoding="utf-8").replace("id: loud-music", "id: a-choir")
    (folder.root / "a-choir.md").write_text(other, encoding="utf-8")
    cases = folder.golden.read_text(encoding="utf-8").replace("loud-music-", "a-choir-")
    (folder.root / "golden" / "a-choir.jsonl").write_text(cases, encoding="utf-8")

    policies = load_policies(folder.root)

    assert list(policies) == ["a-choir", "loud-music"]
    assert len(policies) == 2
    assert policies["loud-music"].title["en"] == "Loud music"
    assert "a-drum" not in policies
    assert policies.get("a-drum") is None


def test_golden_cases_come_with_their_policy(folder):
    cases = load_policies(folder.root).golden["loud-music"]

    assert len(cases) == 40
    assert cases[4].id == "loud-music-005"
    assert cases[4].difficulty is Difficulty.HARD


def test_hidden_files_are_left_alone(folder):
    (folder.root / "._loud-music.md").write_bytes(b"\x00\x05\x16\x07")
    (folder.root / "golden" / "._loud-music.jsonl").write_bytes(b"\x00\x05\x16\x07")

    assert list(load_policies(folder.root)) == ["loud-music"]


@given(st.binary(max_size=400))
def test_any_bytes_are_a_policy_or_a_policy_error(raw):
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary, "loud-music.md")
        path.write_bytes(raw)
        with pytest.raises(PolicyError):
            load_policy(path)


@given(front=st.text(max_size=200), body=st.text(max_size=200))
def test_any_front_matter_and_body_are_a_policy_or_a_policy_error(front, body):
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary, "loud-music.md")
        path.write_bytes(f"---\n{front}\n---\n{body}".encode(errors="replace"))
        with pytest.raises(PolicyError):
            load_policy(path)

"""The nine starter policies: whole, in both languages, and tested from every side."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

import tidegate
from tidegate.policy.harms import HARM_AREAS
from tidegate.policy.load import load_policies
from tidegate.policy.model import ClauseKind

FOLDER = Path(tidegate.__file__).parent / "starter" / "policies"
IDS = [area.policy for area in HARM_AREAS]
CLAUSES = {ClauseKind.VIOLATES: (4, 7), ClauseKind.DOES_NOT: (4, 7), ClauseKind.BORDERLINE: (2, 4)}


@pytest.fixture(scope="module")
def starters():
    return load_policies(FOLDER)


def test_every_harm_area_has_its_policy_and_no_other_is_shipped(starters):
    assert {policy.id: policy.harm for policy in starters.values()} == {
        area.policy: area.key for area in HARM_AREAS
    }


def test_titles_are_those_of_the_harm_areas(starters):
    for area in HARM_AREAS:
        assert starters[area.policy].title == {"en": area.title, "zh": area.title_zh}


@pytest.mark.parametrize("policy_id", IDS)
def test_it_is_written_in_english_and_chinese_with_enough_clauses(starters, policy_id):
    policy = starters[policy_id]

    assert policy.languages == ("en", "zh")
    assert policy.legal
    kinds = Counter(clause.kind for clause in policy.clauses)
    for kind, (least, most) in CLAUSES.items():
        assert least <= kinds[kind] <= most


@pytest.mark.parametrize("policy_id", IDS)
def test_its_golden_cases_are_many_balanced_and_cover_every_clause(starters, policy_id):
    cases = starters.golden[policy_id]

    assert len(cases) >= 40
    for share in (
        sum(case.language == "zh" for case in cases) / len(cases),
        sum(case.violates for case in cases) / len(cases),
    ):
        assert 0.4 <= share <= 0.6
    assert 0.4 <= sum(case.difficulty == "hard" for case in cases) / len(cases) < 1
    assert {case.clause for case in cases} == {clause.id for clause in starters[policy_id].clauses}


@pytest.mark.parametrize("policy_id", IDS)
def test_its_cases_name_no_real_address_or_account(starters, policy_id):
    for case in starters.golden[policy_id]:
        hosts = re.findall(r"(?:https?://|www\.)([\w.-]+)", case.text)
        assert all(host.endswith(("example.com", "example.org")) for host in hosts), case.id
        assert all("example" in name for name in re.findall(r"@(\w+)", case.text)), case.id


def test_no_two_policies_share_a_golden_text_with_different_answers(starters):
    answers: dict[str, set[bool]] = {}
    for policy_id in starters:
        for case in starters.golden[policy_id]:
            answers.setdefault(case.text, set()).add(case.violates)
    assert all(len(given) == 1 for given in answers.values())


def test_neighbouring_policies_that_a_scope_names_are_shipped(starters):
    for policy in starters.values():
        for text in policy.sections["Scope"].values():
            for name in re.findall(r"`([a-z-]+)`", text):
                assert name in starters, (policy.id, name)


def test_suicide_and_self_harm_offers_help_and_need_not_remove(starters):
    policy = starters["suicide-self-harm"]

    assert set(policy.help) == {"en", "zh"}
    assert "inform" in policy.actions

"""One policy, two readers: the model's prompt and the reviewer's guideline."""

from __future__ import annotations

import pytest

from tidegate.errors import PolicyError
from tidegate.policy.load import load_policy


def test_the_prompt_holds_scope_and_clauses_to_the_word(folder):
    policy = load_policy(folder.policy)

    assert policy.prompt("en") == (
        f"# Loud music\n\n{policy.label}\n\n"
        "## Scope\n\nMusic that the neighbours hear.\n\n"
        "## Violates\n\n- **V1 After ten.** Loud music\n  at night.\n\n"
        "## Does not violate\n\n- **N1 By day.** Music at noon.\n\n"
        "## Borderline\n\n- **B1 New Year.** Turns on the date.\n"
    )


def test_the_guideline_adds_facts_advice_help_and_law(folder):
    folder.edit("legal:", "help:\n  en: Knock.\n  zh: 敲门。\nlegal:")

    guideline = load_policy(folder.policy).guideline("zh")

    assert "- **严重程度** 低\n- **可采取的处置** allow, label, remove\n- **升级路径** 无" in guideline
    assert guideline.endswith(
        "## 审核员指引\n\n先听一听。\n\n## 求助资源\n\n敲门。\n\n"
        "## 法律依据\n\n- House rules: quiet from ten.\n"
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_person_and_model_judge_by_the_same_words(folder, language):
    policy = load_policy(folder.policy)

    for name in ("Scope", "Violates", "Does not violate", "Borderline"):
        words = policy.sections[name][language]
        assert words in policy.prompt(language)
        assert words in policy.guideline(language)


def test_a_language_in_which_it_is_not_written_is_refused(folder):
    with pytest.raises(PolicyError) as error:
        load_policy(folder.policy).prompt("fr")

    assert folder.message(error.value) == (
        "loud-music.md, field 'languages': the policy is not written in 'fr'\n  → Ask for one of en, zh."
    )

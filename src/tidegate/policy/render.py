"""One policy in two wordings: a model's prompt and a reviewer's guideline.

Both take the sections as they stand in the file, so that person and model judge by the same words. Asking
for an answer in a certain form is left to the judge that sends the prompt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidegate.errors import PolicyError, Where

if TYPE_CHECKING:
    from tidegate.policy.model import Policy

WORDS = {
    "zh": {
        "Scope": "适用范围",
        "Violates": "违规情形",
        "Does not violate": "不违规情形",
        "Borderline": "边界情形",
        "For reviewers": "审核员指引",
        "Help": "求助资源",
        "Severity": "严重程度",
        "Actions": "可采取的处置",
        "Escalation": "升级路径",
        "Legal": "法律依据",
        "none": "无",
        "low": "低",
        "medium": "中",
        "high": "高",
        "critical": "极高",
    }
}
"""Words in other languages than English; a language that is not here keeps the English ones."""

JUDGED_BY = ("Scope", "Violates", "Does not violate", "Borderline")
"""The sections that decide a case. Advice to reviewers on pace and care is left out of the prompt."""


def prompt(policy: Policy, language: str) -> str:
    _check_language(policy, language)
    return "\n\n".join([_title(policy, language), *_sections(policy, language)]) + "\n"


def guideline(policy: Policy, language: str) -> str:
    _check_language(policy, language)
    facts = (
        ("Severity", _word(policy.severity.value, language)),
        ("Actions", ", ".join(policy.actions)),
        ("Escalation", policy.escalation or _word("none", language)),
    )
    parts = [_title(policy, language)]
    parts.append("\n".join(f"- **{_word(name, language)}** {value}" for name, value in facts))
    parts += _sections(policy, language)
    parts.append(_section(policy, "For reviewers", language))
    if policy.help:
        parts.append(f"## {_word('Help', language)}\n\n{policy.help[language]}")
    if policy.legal:
        parts.append(f"## {_word('Legal', language)}\n\n" + "\n".join(f"- {law}" for law in policy.legal))
    return "\n\n".join(parts) + "\n"


def _check_language(policy: Policy, language: str) -> None:
    if language not in policy.languages:
        raise PolicyError(
            f"the policy is not written in '{language}'",
            where=Where(policy.source, field="languages"),
            remedy=f"Ask for one of {', '.join(policy.languages)}.",
        )


def _title(policy: Policy, language: str) -> str:
    return f"# {policy.title[language]}\n\n{policy.label}"


def _sections(policy: Policy, language: str) -> list[str]:
    return [_section(policy, name, language) for name in JUDGED_BY]


def _section(policy: Policy, name: str, language: str) -> str:
    return f"## {_word(name, language)}\n\n{policy.sections[name][language]}"


def _word(english: str, language: str) -> str:
    return WORDS.get(language, {}).get(english, english)

"""The fields that a policy's front matter must have, read into typed values and checked one by one.

Every reader returns what could be read, so that one bad field does not hide the next; whatever is wrong is
in the report.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tidegate.names import nearest, quoted
from tidegate.policy.frontmatter import Value
from tidegate.policy.harms import HARM_KEYS
from tidegate.policy.ladder import Ladder
from tidegate.policy.model import Severity
from tidegate.policy.problems import Report

FIELDS = ("id", "title", "harm", "severity", "actions", "languages", "escalation", "legal", "help")
OPTIONAL = ("help",)
NO_ESCALATION = "none"
KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LANGUAGE_TAG = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True)
class Fields:
    """The front matter of one policy. Values that could not be read are empty or None."""

    id: str
    title: Mapping[str, str]
    harm: str
    severity: Severity | None
    actions: tuple[str, ...]
    languages: tuple[str, ...]
    escalation: str | None
    legal: tuple[str, ...]
    help: Mapping[str, str]


def read_fields(values: Mapping[str, Value], stem: str, ladder: Ladder, report: Report) -> Fields:
    """The fields of the policy in the file named `stem`.md; problems go to `report`."""
    for name, value in values.items():
        if name not in FIELDS:
            report.add(
                f"unknown field {quoted(name)}",
                line=value.line,
                field=name,
                remedy=f"{nearest(name, FIELDS)}Fields are {', '.join(FIELDS)}.",
            )
    for name in FIELDS:
        if name not in values and name not in OPTIONAL:
            report.add(f"the field '{name}' is missing", line=1, field=name, remedy=EXAMPLES[name])
    languages = _languages(values, report)
    return Fields(
        id=_id(values, stem, report),
        title=_by_language(values, "title", languages, report),
        harm=_one_of(values, "harm", HARM_KEYS, report, ANOTHER_HARM),
        severity=_severity(values, report),
        actions=_actions(values, ladder, report),
        languages=languages,
        escalation=_escalation(values, report),
        legal=_texts(values, "legal", report),
        help=_by_language(values, "help", languages, report),
    )


EXAMPLES = {
    "id": "Write 'id:' and the name of the file without .md.",
    "title": "Write 'title:' with one indented line per language, such as 'en: Animal abuse'.",
    "harm": f"Write 'harm:' and one of {', '.join(HARM_KEYS)}.",
    "severity": f"Write 'severity:' and one of {', '.join(severity.value for severity in Severity)}.",
    "actions": "Write 'actions: [allow, review, remove]' with the steps that this policy may use.",
    "languages": "Write 'languages: [en, zh]': the languages in which this policy is written.",
    "escalation": "Write 'escalation: none', or the name of a path such as imminent-harm.",
    "legal": "Write 'legal: []', or a list of texts in quotes.",
    "help": "Write 'help:' with one indented line per language, or leave the field out.",
}
"""What to write, field by field."""

ANOTHER_HARM = (
    " For a harm that is none of these write the one that is nearest: a judge goes by the policy's own "
    "words, whatever stands here."
)


def _text(values: Mapping[str, Value], name: str, report: Report) -> str:
    value = values.get(name)
    if value is None:
        return ""
    if isinstance(value.content, str):
        return value.content
    what = "is empty" if value.content is None else "must be one text"
    report.add(f"'{name}' {what}", line=value.line, field=name, remedy=EXAMPLES[name])
    return ""


def _items(values: Mapping[str, Value], name: str, report: Report) -> list[tuple[int, str]]:
    """The texts of a list, each with its line."""
    value = values.get(name)
    if value is None:
        return []
    if not isinstance(value.content, tuple):
        report.add(f"'{name}' must be a list", line=value.line, field=name, remedy=EXAMPLES[name])
        return []
    items = []
    for item in value.content:
        if isinstance(item.content, str):
            items.append((item.line, item.content))
        else:
            report.add(
                f"an entry of '{name}' is not a text",
                line=item.line,
                field=name,
                remedy="Put the text in quotes.",
            )
    return items


def _texts(values: Mapping[str, Value], name: str, report: Report) -> tuple[str, ...]:
    return tuple(text for _, text in _items(values, name, report))


def _unique(values: Mapping[str, Value], name: str, report: Report) -> list[tuple[int, str]]:
    """The texts of a list that may be neither empty nor repeat itself."""
    items = _items(values, name, report)
    if name in values and values[name].content == ():
        report.add(f"'{name}' is empty", line=values[name].line, field=name, remedy=EXAMPLES[name])
    kept: dict[str, int] = {}
    for line, text in items:
        if text in kept:
            report.add(f"{quoted(text)} is given twice", line=line, field=name, remedy="Keep one.")
        kept.setdefault(text, line)
    return [(line, text) for text, line in kept.items()]


def _id(values: Mapping[str, Value], stem: str, report: Report) -> str:
    policy_id = _text(values, "id", report)
    if policy_id and not KEBAB.fullmatch(policy_id):
        report.add(
            f"{quoted(policy_id)} cannot be an id",
            line=values["id"].line,
            field="id",
            remedy="Use lower-case letters and digits in words joined by hyphens, such as animal-abuse.",
        )
    elif policy_id and policy_id != stem:
        report.add(
            f"the id {quoted(policy_id)} is not the name of the file",
            line=values["id"].line,
            field="id",
            remedy=f"Write 'id: {stem}', or call the file {policy_id}.md.",
        )
    return policy_id


def _one_of(
    values: Mapping[str, Value], name: str, known: tuple[str, ...], report: Report, otherwise: str = ""
) -> str:
    """`otherwise`: what else to do where no known word is near."""
    text = _text(values, name, report)
    if text and text not in known:
        report.add(
            f"unknown {name} {quoted(text)}",
            line=values[name].line,
            field=name,
            remedy=f"{nearest(text, known)}Write one of {', '.join(known)}."
            + ("" if nearest(text, known) else otherwise),
        )
        return ""
    return text


def _severity(values: Mapping[str, Value], report: Report) -> Severity | None:
    text = _one_of(values, "severity", tuple(severity.value for severity in Severity), report)
    return Severity(text) if text else None


def _actions(values: Mapping[str, Value], ladder: Ladder, report: Report) -> tuple[str, ...]:
    """The actions in the order of the ladder, mildest first."""
    allowed = set()
    for line, name in _unique(values, "actions", report):
        if name in ladder:
            allowed.add(name)
        else:
            report.add(
                f"unknown action {quoted(name)}",
                line=line,
                field="actions",
                remedy=f"{nearest(name, ladder.names)}The ladder has {', '.join(ladder.names)}; "
                "tidegate.toml can add steps.",
            )
    return tuple(name for name in ladder.names if name in allowed)


def _languages(values: Mapping[str, Value], report: Report) -> tuple[str, ...]:
    languages = []
    for line, tag in _unique(values, "languages", report):
        if LANGUAGE_TAG.fullmatch(tag):
            languages.append(tag)
        else:
            report.add(
                f"{quoted(tag)} is not a language tag",
                line=line,
                field="languages",
                remedy="Write a BCP 47 tag such as en, zh or pt-BR.",
            )
    return tuple(languages)


def _escalation(values: Mapping[str, Value], report: Report) -> str | None:
    path = _text(values, "escalation", report)
    if path and not KEBAB.fullmatch(path):
        report.add(
            f"{quoted(path)} cannot name an escalation path",
            line=values["escalation"].line,
            field="escalation",
            remedy=EXAMPLES["escalation"],
        )
    return None if path in ("", NO_ESCALATION) else path


def _by_language(
    values: Mapping[str, Value], name: str, languages: tuple[str, ...], report: Report
) -> dict[str, str]:
    """One text for each of `languages`, and for no other."""
    value = values.get(name)
    if value is None:
        return {}
    if not isinstance(value.content, dict):
        report.add(
            f"'{name}' needs one text per language", line=value.line, field=name, remedy=EXAMPLES[name]
        )
        return {}
    texts = {}
    for tag, entry in value.content.items():
        if isinstance(entry.content, str):
            texts[tag] = entry.content
        else:
            report.add(
                f"'{name}.{tag}' is not a text", line=entry.line, field=f"{name}.{tag}", remedy=EXAMPLES[name]
            )
        if languages and tag not in languages:
            report.add(
                f"unknown language {quoted(tag)} in '{name}'",
                line=entry.line,
                field=f"{name}.{tag}",
                remedy=f"{nearest(tag, languages)}Languages are {', '.join(languages)}.",
            )
    for tag in languages:
        if tag not in value.content:
            report.add(
                f"'{name}' has no text in '{tag}'",
                line=value.line,
                field=f"{name}.{tag}",
                remedy=f"Add an indented line '{tag}: …' under '{name}:'.",
            )
    return texts

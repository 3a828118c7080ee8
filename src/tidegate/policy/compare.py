"""What changed between two versions of a policy, in plain words: clause by clause, and word by word."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping

from tidegate.policy.model import Policy

WORDS = re.compile(r"[\u3400-\u9fff]|[^\s\u3400-\u9fff]+")
FACTS = ("harm", "severity", "escalation")
LISTS = ("actions", "languages", "legal")


def changes(before: Policy, after: Policy) -> Iterator[str]:
    """One line per change; nothing where the two read the same."""
    for name in FACTS:
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            yield f"{name}: {old or 'none'} → {new or 'none'}"
    for name in LISTS:
        old, new = getattr(before, name), getattr(after, name)
        for gone in (one for one in old if one not in new):
            yield f"{name}: without {gone}"
        for more in (one for one in new if one not in old):
            yield f"{name}: also {more}"
    yield from _by_language("title", before.title, after.title)
    old_clauses = {clause.id: clause for clause in before.clauses}
    new_clauses = {clause.id: clause for clause in after.clauses}
    for clause_id, clause in old_clauses.items():
        if clause_id not in new_clauses:
            yield f"{clause_id} {_any(clause.title)}: taken out"
    for clause_id, clause in new_clauses.items():
        if clause_id not in old_clauses:
            yield f"{clause_id} {_any(clause.title)}: added"
            continue
        yield from _by_language(f"{clause_id} title", old_clauses[clause_id].title, clause.title)
        yield from _by_language(clause_id, old_clauses[clause_id].text, clause.text)
    for section in ("Scope", "For reviewers"):
        yield from _by_language(section, before.sections[section], after.sections[section])
    yield from _by_language("help", before.help, after.help)


def _by_language(what: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for language in sorted(old.keys() & new.keys()):
        if old[language] != new[language]:
            yield f"{what} ({language}): {reworded(old[language], new[language])}"


def reworded(old: str, new: str) -> str:
    """The change within a text: `… the [-old words-] {+new words+} …`."""
    a, b = WORDS.findall(old), WORDS.findall(new)
    parts = []
    for kind, a_from, a_to, b_from, b_to in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if kind == "equal":
            same = a[a_from:a_to]
            parts.append(_joined(same) if len(same) <= 6 else f"{_joined(same[:3])} … {_joined(same[-3:])}")
            continue
        if a_from < a_to:
            parts.append(f"[-{_joined(a[a_from:a_to])}-]")
        if b_from < b_to:
            parts.append(f"{{+{_joined(b[b_from:b_to])}+}}")
    return " ".join(parts)


def _joined(words: list[str]) -> str:
    """Chinese is written without spaces between its characters."""
    return re.sub(r"(?<=[\u3000-\u9fff]) (?=[\u3000-\u9fff])", "", " ".join(words))


def _any(texts: Mapping[str, str]) -> str:
    return next(iter(texts.values()))

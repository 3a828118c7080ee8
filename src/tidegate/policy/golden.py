"""Golden cases: texts with the answer that a policy gives, one JSON object a line.

Reading a line is kept apart from checking it against its policy, so that a policy that is not whole does not
hide what is wrong with its cases. Texts are never quoted in messages: they may be hard to read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
import polars as pl

from tidegate.names import nearest, quoted
from tidegate.policy.model import ClauseKind, Difficulty, GoldenCase, Policy, PolicySet
from tidegate.policy.problems import Report
from tidegate.tables import ITEMS

LEAST_CASES = 40
"""Fewer cases than this say little: of 40, one case is 2.5 points of the share that is right."""

KEYS: dict[str, type] = {
    "id": str,
    "text": str,
    "language": str,
    "violates": bool,
    "clause": str,
    "difficulty": str,
}
TYPE_NAMES = {str: "text", bool: "true or false"}
CASE_FORM = (
    '{{"id": "{policy_id}-001", "text": "…", "language": "en", "violates": true, "clause": "V1", '
    '"difficulty": "easy"}}'
)

Located = tuple[int, GoldenCase]
"""A case and the line (from 1) on which it stands."""


def golden_items(policies: PolicySet) -> pl.DataFrame:
    """The golden cases of all policies as items (`tables.ITEMS`), to be scored like any other text."""
    cases = [case for policy_id in policies for case in policies.golden[policy_id]]
    columns = {
        "id": [case.id for case in cases],
        "kind": ["text"] * len(cases),
        "text": [case.text for case in cases],
        "language": [case.language for case in cases],
    }
    frame = pl.DataFrame(columns, schema={name: ITEMS.schema[name] for name in columns})
    return frame.select(
        pl.col(name) if name in columns else pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in ITEMS.schema.items()
    )


def read_cases(policy_id: str, report: Report) -> list[Located]:
    """The cases of the report's file that are whole in themselves; the rest are problems in the report."""
    try:
        raw = report.file.read_bytes()
    except OSError as error:
        report.add(
            f"the golden cases of '{policy_id}' cannot be read: {error.strerror}",
            remedy=f"Write at least {LEAST_CASES} lines such as {_form(report)}",
        )
        return []
    cases = []
    for number, line in enumerate(raw.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if line.strip():
            case = _case(line, number, report)
            if case is not None:
                cases.append((number, case))
    _check_ids(cases, policy_id, report)
    _check_unique(cases, report)
    return cases


def _form(report: Report) -> str:
    """A case of the file's policy, for which the file is named."""
    return CASE_FORM.format(policy_id=report.file.stem)


def _case(line: bytes, number: int, report: Report) -> GoldenCase | None:
    fields = _object(line, number, report)
    if fields is None or not _has_keys(fields, number, report):
        return None
    if not _one_of(fields["difficulty"], "difficulty", [level.value for level in Difficulty], number, report):
        return None
    if not fields["text"].strip():
        report.add("the text is empty", line=number, field="text", remedy="Write what somebody might post.")
        return None
    return GoldenCase(
        id=fields["id"],
        text=fields["text"],
        language=fields["language"],
        violates=fields["violates"],
        clause=fields["clause"],
        difficulty=Difficulty(fields["difficulty"]),
    )


def _object(line: bytes, number: int, report: Report) -> dict[str, Any] | None:
    try:
        line.decode()
    except UnicodeDecodeError:
        report.add("this line is not valid UTF-8", line=number, remedy="Save the file as UTF-8.")
        return None
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        report.add(
            f"this line is not valid JSON: {error.msg}, at column {error.colno}",
            line=number,
            remedy=f"Write one object a line, such as {_form(report)}",
        )
        return None
    if not isinstance(value, dict):
        report.add("this line is not a JSON object", line=number, remedy=f"Write {_form(report)}")
        return None
    return value


def _has_keys(fields: dict[str, Any], number: int, report: Report) -> bool:
    """Whether the object has every key, none besides, and values of the right types."""
    before = len(report.problems)
    for key in fields:
        if key not in KEYS:
            report.add(
                f"unknown key {quoted(key)}",
                line=number,
                field=key,
                remedy=f"{nearest(key, KEYS)}Keys are {', '.join(KEYS)}.",
            )
    for key, kind in KEYS.items():
        if key not in fields:
            report.add(f"the key '{key}' is missing", line=number, field=key, remedy=f"Write {_form(report)}")
        elif not isinstance(fields[key], kind):
            report.add(
                f"'{key}' must be {TYPE_NAMES[kind]}", line=number, field=key, remedy=f"Write {_form(report)}"
            )
    return len(report.problems) == before


def _check_ids(cases: Sequence[Located], policy_id: str, report: Report) -> None:
    """Ids begin with the policy's, so that no two policies share one."""
    form = re.compile(re.escape(policy_id) + r"-[0-9]{3,}")
    first: dict[str, int] = {}
    for number, case in cases:
        if not form.fullmatch(case.id):
            report.add(
                f"the id {quoted(case.id)} is not the policy's id and a number",
                line=number,
                field="id",
                remedy=f"Number the cases {policy_id}-001, {policy_id}-002 and so on.",
            )
        elif case.id in first:
            report.add(
                f"the id {quoted(case.id)} is given twice",
                line=number,
                field="id",
                remedy=f"Number it anew; the first is on line {first[case.id]}.",
            )
        first.setdefault(case.id, number)


def _check_unique(cases: Sequence[Located], report: Report) -> None:
    first: dict[str, int] = {}
    for number, case in cases:
        folded = " ".join(unicodedata.normalize("NFKC", case.text).casefold().split())
        if folded in first:
            report.add(
                "the text is the same as an earlier one but for case and spacing",
                line=number,
                field="text",
                remedy=f"Write another text; the first is on line {first[folded]}.",
            )
        first.setdefault(folded, number)


def check_cases(cases: Sequence[Located], policy: Policy, report: Report) -> None:
    """Hold the cases to their policy: its languages, its clauses and the answers that these give."""
    for number, case in cases:
        _check_clause(case, number, policy, report)
        if _one_of(case.language, "language", policy.languages, number, report):
            _check_script(case, number, report)
    _check_coverage([case for _, case in cases], policy, report)


def _check_clause(case: GoldenCase, number: int, policy: Policy, report: Report) -> None:
    if not _one_of(case.clause, "clause", [clause.id for clause in policy.clauses], number, report):
        return
    kind = policy.clause(case.clause).kind
    if kind is not ClauseKind.BORDERLINE and case.violates != (kind is ClauseKind.VIOLATES):
        what = "says that it violates" if kind is ClauseKind.VIOLATES else "says that it does not violate"
        report.add(
            f"'violates' is {str(case.violates).lower()}, but the clause {case.clause} {what}",
            line=number,
            field="violates",
            remedy="Mend the answer, or cite the clause that gives it.",
        )


def _check_script(case: GoldenCase, number: int, report: Report) -> None:
    """Catch swapped languages, which would spoil the figures by language."""
    letters = [character for character in case.text if character.isalpha()]
    share = sum(map(_is_han, letters)) / len(letters) if letters else 0.0
    if (case.language == "zh" and share == 0) or (case.language == "en" and share > 0.5):
        other = "has no Chinese character" if share == 0 else "is mostly in Chinese characters"
        report.add(
            f"the language is '{case.language}', but the text {other}",
            line=number,
            field="language",
            remedy="Give the language in which the text is written.",
        )


def _is_han(character: str) -> bool:
    return "CJK UNIFIED" in unicodedata.name(character, "")


def _check_coverage(cases: Sequence[GoldenCase], policy: Policy, report: Report) -> None:
    if not report.file.exists():
        return
    if len(cases) < LEAST_CASES:
        report.add(
            f"there are {len(cases)} whole cases, and a policy needs {LEAST_CASES}",
            remedy="Write more: easy and hard ones, in every language, for every clause.",
        )
    for language in policy.languages:
        if all(case.language != language for case in cases):
            report.add(
                f"no case is in '{language}'",
                field="language",
                remedy="Write cases in every language of the policy, about as many in each.",
            )
    cited = {case.clause for case in cases}
    for clause in policy.clauses:
        if clause.id not in cited:
            report.add(
                f"no case cites the clause {clause.id} ({policy.source.name}, line {clause.line})",
                field="clause",
                remedy=f'Write a case with "clause": "{clause.id}".',
            )


def _one_of(value: str, key: str, known: Iterable[str], number: int, report: Report) -> bool:
    names = tuple(known)
    if value in names:
        return True
    report.add(
        f"unknown {key} {quoted(value)}",
        line=number,
        field=key,
        remedy=f"{nearest(value, names)}Write one of {', '.join(names)}.",
    )
    return False

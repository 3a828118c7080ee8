"""The body of a policy file: its sections in every language, and the clauses in them.

A section opens with `## Name`, in the first language of the policy, or `## Name (zh)` in another. A clause
is a list item `- **V1 Short title.** What it covers.` that may go on over further lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tidegate.names import nearest, quoted
from tidegate.policy.model import Clause, ClauseKind, Section
from tidegate.policy.problems import Report

HEADING = re.compile(r"##\s+(?P<name>[^(（]+?)\s*(?:[(（](?P<tag>[^)）]*)[)）])?\s*")
ITEM = re.compile(r"[-*]\s")
CLAUSE = re.compile(r"[-*]\s+\*\*(?P<id>[A-Za-z]+[0-9]+)\s+(?P<title>.+?)\*\*\s*(?P<text>.*)")
CLAUSE_FORM = "Write '- **{letter}1 Short title.** What it covers.', going on over lines if need be."
NAMES = tuple(section.value for section in Section)


@dataclass(frozen=True)
class Block:
    """One section in one language: its heading's line and its lines, numbered from 1 in the file."""

    section: Section
    language: str
    line: int
    lines: tuple[tuple[int, str], ...]

    @property
    def text(self) -> str:
        return "\n".join(line for _, line in self.lines).strip()

    @property
    def heading(self) -> str:
        return f"{self.section.value} ({self.language})"


@dataclass(frozen=True)
class _Statement:
    """A clause in one language."""

    id: str
    title: str
    text: str
    line: int


def read_blocks(body: str, first_line: int, languages: Sequence[str], report: Report) -> list[Block]:
    """The sections of `body`, which begins on `first_line`. Each must be there in all `languages`."""
    blocks: list[Block] = []
    for line, heading, lines in _split(body, first_line, report):
        block = _block(line, heading, lines, languages, report)
        if block is None:
            continue
        twin = next((b for b in blocks if (b.section, b.language) == (block.section, block.language)), None)
        if twin is not None:
            report.add(
                f"the section '{block.heading}' is given twice",
                line=line,
                field=block.section.value,
                remedy=f"Join it to the one on line {twin.line}.",
            )
        else:
            blocks.append(block)
    _check_complete(blocks, languages, report)
    return blocks


def _split(
    body: str, first_line: int, report: Report
) -> list[tuple[int, re.Match[str], list[tuple[int, str]]]]:
    """Headings with their line and the lines under them. Text above the first heading is a problem."""
    found: list[tuple[int, re.Match[str], list[tuple[int, str]]]] = []
    for number, line in enumerate(body.split("\n"), start=first_line):
        heading = HEADING.fullmatch(line)
        if heading:
            found.append((number, heading, []))
        elif found:
            found[-1][2].append((number, line.rstrip()))
        elif line.strip():
            report.add(
                "text stands outside any section",
                line=number,
                remedy="Put it under a heading such as '## Scope'.",
            )
    return found


def _block(
    line: int,
    heading: re.Match[str],
    lines: list[tuple[int, str]],
    languages: Sequence[str],
    report: Report,
) -> Block | None:
    name, tag = heading["name"], heading["tag"]
    if name not in NAMES:
        report.add(
            f"unknown section {quoted(name)}",
            line=line,
            field=name,
            remedy=f"{nearest(name, NAMES)}Sections are {', '.join(NAMES)}.",
        )
        return None
    if not languages:
        return None
    language = languages[0] if tag is None else tag
    if language not in languages:
        report.add(
            f"the section '{name}' is in the unknown language {quoted(language)}",
            line=line,
            field=name,
            remedy=f"{nearest(language, languages)}Languages are {', '.join(languages)}.",
        )
        return None
    block = Block(Section(name), language, line, tuple(lines))
    if not block.text:
        report.add(
            f"the section '{block.heading}' is empty",
            line=line,
            field=name,
            remedy="Write it: reviewers and models decide by these words.",
        )
    return block


def _check_complete(blocks: list[Block], languages: Sequence[str], report: Report) -> None:
    there = {(block.section, block.language) for block in blocks}
    for section in Section:
        for language in languages:
            if (section, language) not in there:
                heading = section.value if language == languages[0] else f"{section.value} ({language})"
                report.add(
                    f"the section '{section.value}' is missing in '{language}'",
                    field=section.value,
                    remedy=f"Add the heading '## {heading}' and its text.",
                )


def read_clauses(blocks: Sequence[Block], languages: Sequence[str], report: Report) -> tuple[Clause, ...]:
    """The clauses in their order in the first language; each must be there in every language that has any."""
    clauses: list[Clause] = []
    for kind in ClauseKind:
        by_language = {
            block.language: _statements(block, kind, report)
            for language in languages
            for block in blocks
            if block.section is kind.section and block.language == language and block.text
        }
        clauses += _join(by_language, kind, report)
    return tuple(clauses)


def _statements(block: Block, kind: ClauseKind, report: Report) -> dict[str, _Statement]:
    """The clauses of one block by id."""
    statements: dict[str, _Statement] = {}
    for number, text in _list_items(block, kind, report):
        match = CLAUSE.fullmatch(text)
        if match is None or not match["text"].strip():
            report.add(
                f"this is not a clause of '{block.heading}'" if match is None else "this clause says nothing",
                line=number,
                field=block.section.value,
                remedy=CLAUSE_FORM.format(letter=kind.letter),
            )
            continue
        clause_id = match["id"]
        if not clause_id.startswith(kind.letter):
            report.add(
                f"the clause {clause_id} cannot stand in '{block.heading}'",
                line=number,
                field=clause_id,
                remedy=f"Ids here begin with {kind.letter}, such as {kind.letter}1.",
            )
        elif clause_id in statements:
            report.add(
                f"the clause {clause_id} is given twice in '{block.heading}'",
                line=number,
                field=clause_id,
                remedy=f"Number it anew; the first is on line {statements[clause_id].line}.",
            )
        else:
            title = match["title"].strip().rstrip(".。")
            statements[clause_id] = _Statement(clause_id, title, match["text"].strip(), number)
    return statements


def _list_items(block: Block, kind: ClauseKind, report: Report) -> list[tuple[int, str]]:
    """The items of a block as single lines, each with the number of its first line."""
    items: list[tuple[int, list[str]]] = []
    for number, line in block.lines:
        if line.startswith("#"):
            report.add(
                f"a heading stands among the clauses of '{block.heading}'",
                line=number,
                field=block.section.value,
                remedy="Take it out; sections open with '## Name' and have no parts.",
            )
        elif ITEM.match(line):
            items.append((number, [line]))
        elif line.strip() and items:
            items[-1][1].append(line.strip())
        elif line.strip():
            report.add(
                f"text stands before the first clause of '{block.heading}'",
                line=number,
                field=block.section.value,
                remedy=CLAUSE_FORM.format(letter=kind.letter),
            )
    return [(number, " ".join(lines)) for number, lines in items]


def _join(by_language: dict[str, dict[str, _Statement]], kind: ClauseKind, report: Report) -> list[Clause]:
    ids = dict.fromkeys(clause_id for statements in by_language.values() for clause_id in statements)
    clauses = []
    for clause_id in ids:
        versions = {tag: found[clause_id] for tag, found in by_language.items() if clause_id in found}
        first = next(iter(versions.values()))
        for tag in by_language:
            if tag not in versions:
                report.add(
                    f"the clause {clause_id} is missing in '{tag}'",
                    line=first.line,
                    field=clause_id,
                    remedy=f"Add it to '{kind.section.value} ({tag})', or take it out elsewhere.",
                )
        clauses.append(
            Clause(
                id=clause_id,
                kind=kind,
                title={tag: statement.title for tag, statement in versions.items()},
                text={tag: statement.text for tag, statement in versions.items()},
                line=first.line,
            )
        )
    return clauses

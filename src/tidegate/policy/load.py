"""Written policies from their files: `<id>.md`, and its golden cases in `golden/<id>.jsonl`.

Loading is all or nothing: either every policy of the folder is whole, or one error names every problem.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from tidegate.errors import PolicyError, Where
from tidegate.names import nearest
from tidegate.policy import frontmatter, golden
from tidegate.policy.fields import read_fields
from tidegate.policy.ladder import LADDER, Ladder
from tidegate.policy.model import GoldenCase, Policy, PolicySet
from tidegate.policy.problems import Report, raise_any
from tidegate.policy.sections import read_blocks, read_clauses

GOLDEN_FOLDER = "golden"


def load_policy(path: str | Path, ladder: Ladder = LADDER) -> Policy:
    """The policy in the file at `path`, without its golden cases.

    Raises:
        PolicyError: the file is not a whole policy; the error names every problem with its line and remedy.
    """
    report = Report(Path(path))
    policy = _read_policy(report, ladder)
    raise_any(report)
    assert policy is not None  # a policy that cannot be built has been reported
    return policy


def load_policies(folder: str | Path, ladder: Ladder = LADDER) -> PolicySet:
    """Every policy of `folder` with its golden cases.

    Each `*.md` in the folder is a policy; files whose names begin with a dot are left alone.

    Raises:
        PolicyError: a policy or golden case is not whole; the error names every problem of every file.
    """
    folder = Path(folder)
    files = sorted(path for path in folder.glob("*.md") if not path.name.startswith("."))
    if not files:
        raise PolicyError(
            "there are no policies here",
            where=Where(folder),
            remedy="Name a folder that holds policies as .md files; `tidegate init` lays out nine.",
        )
    reports: list[Report] = []
    policies: list[Policy] = []
    cases: dict[str, tuple[GoldenCase, ...]] = {}
    for file in files:
        about_policy, about_cases = Report(file), Report(folder / GOLDEN_FOLDER / f"{file.stem}.jsonl")
        reports += [about_policy, about_cases]
        policy = _read_policy(about_policy, ladder)
        located = golden.read_cases(file.stem, about_cases)
        if policy is not None:
            golden.check_cases(located, policy, about_cases)
            policies.append(policy)
            cases[policy.id] = tuple(case for _, case in located)
    reports += _orphans(folder, [file.stem for file in files])
    raise_any(*reports)
    return PolicySet(tuple(policies), cases)


def _read_policy(report: Report, ladder: Ladder) -> Policy | None:
    """The policy of the report's file, or None, with the reasons in the report."""
    text = _read_text(report)
    if text is None:
        return None
    front, body, first_line = frontmatter.split(text)
    if front is None:
        report.add(
            "there is no front matter",
            line=1,
            remedy="Begin the file with a line '---', the fields from id to help, and another line '---'.",
        )
        return None
    values = frontmatter.parse(front, report)
    if not values:
        return None
    fields = read_fields(values, report.file.stem, ladder, report)
    blocks = read_blocks(body, first_line, fields.languages, report)
    clauses = read_clauses(blocks, fields.languages, report)
    if report.problems or fields.severity is None:
        return None
    sections: dict[str, dict[str, str]] = {}
    for block in blocks:
        sections.setdefault(block.section, {})[block.language] = block.text
    return Policy(
        id=fields.id,
        title=fields.title,
        harm=fields.harm,
        severity=fields.severity,
        actions=fields.actions,
        languages=fields.languages,
        escalation=fields.escalation,
        legal=fields.legal,
        help=fields.help,
        sections=sections,
        clauses=clauses,
        version=hashlib.sha256(text.encode()).hexdigest(),
        source=report.file,
    )


def _read_text(report: Report) -> str | None:
    """The file's text without byte order mark and with LF line ends; None where it cannot be read."""
    try:
        raw = report.file.read_bytes()
        text = raw.decode("utf-8-sig")
    except OSError as error:
        report.add(f"the file cannot be read: {error.strerror}", remedy="Name a file that is there.")
        return None
    except UnicodeDecodeError as error:
        report.add(
            "this line is not valid UTF-8",
            line=raw.count(b"\n", 0, error.start) + 1,
            remedy="Save the file as UTF-8.",
        )
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _orphans(folder: Path, stems: list[str]) -> list[Report]:
    """A report for each file of golden cases that belongs to no policy."""
    reports = []
    for file in sorted((folder / GOLDEN_FOLDER).glob("*.jsonl")):
        if file.stem not in stems and not file.name.startswith("."):
            report = Report(file)
            report.add(
                f"these golden cases belong to no policy: there is no {file.stem}.md",
                remedy=f"{nearest(file.stem, stems)}Call the file as its policy, or delete it.",
            )
            reports.append(report)
    return reports

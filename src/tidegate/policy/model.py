"""What a written policy is once it has been read: its clauses, sections, golden cases and version.

Reading and checking are left to `load` and `golden`, wording to `render`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tidegate.policy import render

VERSION_DIGITS = 12


class Severity(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Section(StrEnum):
    """The sections of a policy, by their headings and in their order."""

    SCOPE = "Scope"
    VIOLATES = "Violates"
    DOES_NOT_VIOLATE = "Does not violate"
    BORDERLINE = "Borderline"
    FOR_REVIEWERS = "For reviewers"


class ClauseKind(StrEnum):
    VIOLATES = "violates"
    DOES_NOT = "does-not"
    BORDERLINE = "borderline"

    @property
    def letter(self) -> str:
        """With which the ids of such clauses begin."""
        return {"violates": "V", "does-not": "N", "borderline": "B"}[self.value]

    @property
    def section(self) -> Section:
        return {
            ClauseKind.VIOLATES: Section.VIOLATES,
            ClauseKind.DOES_NOT: Section.DOES_NOT_VIOLATE,
            ClauseKind.BORDERLINE: Section.BORDERLINE,
        }[self]


@dataclass(frozen=True)
class Clause:
    """One numbered statement of a policy. `title` and `text` are by language; `line` is that of its first."""

    id: str
    kind: ClauseKind
    title: Mapping[str, str]
    text: Mapping[str, str]
    line: int


@dataclass(frozen=True)
class Policy:
    """A written policy.

    `harm` is a key of `tidegate.policy.harms`; `actions` are steps of the ladder, mildest first;
    `escalation` is None or the name of a path; `title`, `help` and the inner mappings of `sections`
    (whose keys are the headings, such as `Scope`) are by language. `version` is the SHA-256 of the file in
    hexadecimal, taken after a byte order mark is dropped and line ends are made LF, so that a checkout on
    another system has the same version.
    """

    id: str
    title: Mapping[str, str]
    harm: str
    severity: Severity
    actions: tuple[str, ...]
    languages: tuple[str, ...]
    escalation: str | None
    legal: tuple[str, ...]
    help: Mapping[str, str]
    sections: Mapping[str, Mapping[str, str]]
    clauses: tuple[Clause, ...]
    version: str
    source: Path

    @property
    def label(self) -> str:
        """The policy and its version for people and for records, such as `animal-abuse@0f3a5c9b1d2e`."""
        return f"{self.id}@{self.version[:VERSION_DIGITS]}"

    def clause(self, clause_id: str) -> Clause:
        """The clause of this id; KeyError where there is none."""
        for clause in self.clauses:
            if clause.id == clause_id:
                return clause
        raise KeyError(clause_id)

    def prompt(self, language: str) -> str:
        """The policy as a model reads it: its scope and clauses, to the word, with its version.

        Raises:
            PolicyError: the policy is not written in `language`.
        """
        return render.prompt(self, language)

    def guideline(self, language: str) -> str:
        """The policy as a reviewer reads it: also how to decide, what may be done, where help is.

        Raises:
            PolicyError: the policy is not written in `language`.
        """
        return render.guideline(self, language)


class Difficulty(StrEnum):
    EASY = "easy"
    HARD = "hard"


@dataclass(frozen=True)
class GoldenCase:
    """A text with the answer that a policy gives, and the clause that gives it."""

    id: str
    text: str
    language: str
    violates: bool
    clause: str
    difficulty: Difficulty


@dataclass(frozen=True)
class PolicySet(Mapping[str, Policy]):
    """The policies of a folder by id, in the order of their ids, with the golden cases of each."""

    policies: tuple[Policy, ...]
    golden: Mapping[str, tuple[GoldenCase, ...]]

    def __getitem__(self, policy_id: str) -> Policy:
        for policy in self.policies:
            if policy.id == policy_id:
                return policy
        raise KeyError(policy_id)

    def __iter__(self) -> Iterator[str]:
        return (policy.id for policy in self.policies)

    def __len__(self) -> int:
        return len(self.policies)

"""Which golden cases a judge got wrong, and which only one of two got right: by id, never by text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tidegate.policy.model import GoldenCase
from tidegate.runs.judging.cases import Judged

Kind = Literal["missed", "stopped", "unanswered"]


@dataclass(frozen=True)
class Mistake:
    """A case that was not judged as it should be: violating and passed, fine and stopped, or no verdict.

    clause: what the case rests on. cited: what the judge cited, None where that was no clause or there is no
    verdict. reason: why there is none.
    """

    id: str
    kind: Kind
    clause: str
    cited: str | None
    reason: str | None


def mistakes(cases: Sequence[GoldenCase], found: Judged) -> list[Mistake]:
    """What went wrong, in the order of the cases."""
    wrong = []
    for place, case in enumerate(cases):
        if not found.answered[place]:
            wrong.append(Mistake(case.id, "unanswered", case.clause, None, found.reasons[place]))
        elif found.violates[place] != case.violates:
            kind: Kind = "missed" if case.violates else "stopped"
            wrong.append(Mistake(case.id, kind, case.clause, found.clauses[place], None))
    return wrong


def ids_where(cases: Sequence[GoldenCase], there: npt.NDArray[np.bool_]) -> list[str]:
    """The ids of the cases at which `there` is true."""
    return [case.id for case, here in zip(cases, there, strict=True) if here]

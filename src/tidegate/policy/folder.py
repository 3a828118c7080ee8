"""Where a workspace keeps its policies, and by which ladder they are read: all that is needed to load
them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tidegate.policy.ladder import LADDER, Ladder
from tidegate.policy.load import load_policies
from tidegate.policy.model import PolicySet


@dataclass(frozen=True)
class PolicyFolder:
    path: Path
    ladder: Ladder = LADDER

    def load(self) -> PolicySet:
        """Every policy with its golden cases.

        Raises:
            PolicyError: one is not whole; the error names every problem.
        """
        return load_policies(self.path, self.ladder)

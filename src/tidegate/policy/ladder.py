"""The action ladder: what can be done about an item, mildest first, defined once.

A workspace may add steps or change them in `tidegate.toml`, which `settings` reads. `outcome` is what the
measures need to know: an item that passed can leak, an item that was actioned can be over-killed, a held
item waits for a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from tidegate.errors import WorkspaceError


class Outcome(StrEnum):
    PASSED = "passed"
    ACTIONED = "actioned"
    HELD = "held"


@dataclass(frozen=True)
class Action:
    """One step. `severity` orders the ladder; a higher step weighs more on the author."""

    name: str
    severity: int
    outcome: Outcome
    doc: str = ""


@dataclass(frozen=True)
class Ladder:
    """The steps in order of severity; names are unique."""

    actions: tuple[Action, ...]

    def __post_init__(self) -> None:
        names = self.names
        if len(set(names)) != len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise WorkspaceError(
                f"the action '{twice}' is defined twice", remedy="Give each action one entry."
            )
        if not any(action.outcome is Outcome.HELD for action in self.actions):
            raise WorkspaceError(
                "no action holds an item for review",
                remedy="Keep one action with outcome = 'held': failed detectors send their items there.",
            )

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(action.name for action in self.actions)

    def __iter__(self) -> Iterator[Action]:
        return iter(self.actions)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __getitem__(self, name: str) -> Action:
        for action in self.actions:
            if action.name == name:
                return action
        raise KeyError(name)

    @property
    def review(self) -> str:
        """The step to which items go that nobody could decide."""
        return next(action.name for action in self.actions if action.outcome is Outcome.HELD)

    def with_outcome(self, outcome: Outcome) -> tuple[str, ...]:
        return tuple(action.name for action in self.actions if action.outcome is outcome)

    def extended(self, extra: Iterable[Action]) -> Ladder:
        """This ladder with `extra` steps put in their place; a step of the same name is replaced."""
        by_name = {action.name: action for action in self.actions} | {action.name: action for action in extra}
        return Ladder(tuple(sorted(by_name.values(), key=lambda action: action.severity)))


LADDER = Ladder(
    (
        Action("allow", 0, Outcome.PASSED, "Leave it as it is."),
        Action("inform", 10, Outcome.ACTIONED, "Leave it, and show help or information beside it."),
        Action("label", 20, Outcome.ACTIONED, "Leave it behind a notice."),
        Action("age_restrict", 30, Outcome.ACTIONED, "Show it to adults only."),
        Action("limit_reach", 40, Outcome.ACTIONED, "Keep it out of recommendations and search."),
        Action("review", 50, Outcome.HELD, "A person decides."),
        Action("remove", 60, Outcome.ACTIONED, "Take it down."),
    )
)

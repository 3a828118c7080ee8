"""What each role may do: the one table, which people read and the program too.

Nothing is implied between roles. Somebody with several may do what any of them may, in the zones that they
are cleared for. docs/people.md says how it is enforced.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

TABLE = """
                          moderator  senior  qa  lead  policy  program_manager  analyst  auditor  admin
see_content                   x        x     x    x      x            .            x        x       .
review                        x        x     x    x      .            .            .        .       .
decide                        x        x     .    x      .            .            .        .       .
decide_appeals                .        x     .    x      .            .            .        .       .
arbitrate                     .        x     x    .      .            .            .        .       .
label_audits                  x        x     x    .      .            .            .        .       .
see_figures                   .        x     x    x      x            x            x        x       .
query                         .        .     .    .      .            .            x        x       .
export                        .        .     .    .      .            .            x        x       .
see_people                    .        .     .    x      .            x            .        x       x
mark_golds                    .        .     x    x      .            .            .        .       .
assign                        .        .     .    x      .            .            .        .       .
run_trials                    .        .     .    x      .            x            .        .       .
write_policies                .        .     .    .      x            .            .        .       .
publish_strategies            .        .     .    .      x            x            .        .       .
approve_launches              .        .     .    x      .            x            .        .       .
stop_everything               .        x     .    x      x            x            .        .       x
read_ledger                   .        .     .    .      .            .            .        x       x
manage_people                 .        .     .    .      .            .            .        .       x
manage_integrations           .        .     .    .      .            .            .        .       x
hold_and_erase                .        .     .    .      .            .            .        .       x
needs_second_factor           .        x     x    x      x            x            x        x       x
"""

SECOND_FACTOR = "needs_second_factor"
_head, *_lines = (line.split() for line in TABLE.strip().splitlines())
ROLES: tuple[str, ...] = tuple(_head)
RIGHTS: tuple[str, ...] = tuple(line[0] for line in _lines if line[0] != SECOND_FACTOR)
_MARKS = {
    line[0]: frozenset(role for role, mark in zip(ROLES, line[1:], strict=True) if mark == "x")
    for line in _lines
}


@cache
def rights_of(roles: frozenset[str]) -> frozenset[str]:
    """What somebody with these roles may do."""
    return frozenset(right for right in RIGHTS if _MARKS[right] & roles)


def roles_with(right: str) -> list[str]:
    """The roles that may do this, in the order of the table."""
    return [role for role in ROLES if role in _MARKS[right]]


def need_second_factor(roles: Collection[str]) -> bool:
    """Whether one of the roles acts only in sessions that showed a second factor."""
    return bool(_MARKS[SECOND_FACTOR] & set(roles))

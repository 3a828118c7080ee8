"""What people found, one answer an item, from a file of labels: read in one way by all that learn from labels
or try themselves on them. What is left out of it is counted, and said."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from tidegate.measure.votes import ballots, latest, on_any_policy, on_policy
from tidegate.names import counted, nearest
from tidegate.warehouse import read_labels

MOST_NAMED = 5


@dataclass(frozen=True)
class Told:
    """`answers` has item_id and violates, an item once.

    policy: what was asked about, None for any. labels: rows of the file with a label that its labeller has
    not taken back. contradictory: items of which as many say yes as no. nameless: labels that say yes and
    name no policy where a policy matters. others: labels by the other policies that they name. What these
    three count is in no answer.
    """

    answers: pl.DataFrame
    policy: str | None
    labels: int
    contradictory: int
    nameless: int
    others: Mapping[str, int]

    def notes(self) -> list[str]:
        """What was left out, a line each."""
        found = []
        if self.contradictory:
            found.append(f"{counted(self.contradictory, 'item')} with as many labels that say yes as no")
        if self.nameless:
            single, several = (
                "label that says yes and names no policy",
                "labels that say yes and name no policy",
            )
            found.append(counted(self.nameless, single, several))
        if self.others:
            by = [f"{name} ({rows:,})" for name, rows in self.others.items()]
            more = [f"{len(by) - MOST_NAMED:,} more"] if len(by) > MOST_NAMED else []
            listed = ", ".join(by[:MOST_NAMED] + more)
            meant = [one for name in self.others if (one := nearest(name, [self.policy or ""]))]
            hint = f". {meant[0].strip()}" if meant else ""
            found.append(f"{counted(sum(self.others.values()), 'label')} of other policies: {listed}{hint}")
        return found

    def left_out(self, ids: pl.Series) -> list[str]:
        """What was left out where these items are asked about, labels of none of them too; a line each."""
        strange = int((~self.answers["item_id"].is_in(ids.implode())).sum())
        return [*self.notes(), *([f"{counted(strange, 'labelled item')} that no post is"] if strange else [])]


def policies_named(path: Path) -> list[str]:
    return read_labels(path)["policy"].drop_nulls().unique().sort().to_list()


def told_on(path: Path, policy: str | None, *, beside: Collection[str] = ()) -> Told:
    """What labels say of a policy, or, with None, of whether an item violates any.

    The majority counts, and no answer is taken from a tie. A no that names no policy is a no to each. A yes
    that names none is a yes to this one only where no label of the file names any, and no others are asked
    about `beside` it.

    Raises:
        InputError: the labels cannot be read.
    """
    labels = latest(read_labels(path))
    named = pl.col("policy").is_not_null()
    if policy is None or (not beside and labels["policy"].is_null().all()):
        votes = on_any_policy(ballots(labels))
        return Told(votes.answers.rename({"y": "violates"}), policy, len(labels), votes.tied, 0, {})
    others = labels.filter(named & ~pl.col("policy").is_in([policy, *beside])).group_by("policy").len()
    nameless = labels.filter(~named & pl.col("violates"))
    ours = labels.filter((pl.col("policy") == policy) | (~named & ~pl.col("violates")))
    votes = on_policy(ballots(ours), policy)
    return Told(
        votes.answers.rename({"y": "violates"}),
        policy,
        len(labels),
        votes.tied,
        len(nameless),
        dict(others.sort("len", "policy", descending=[True, False]).iter_rows()),
    )

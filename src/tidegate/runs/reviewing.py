"""How far labels can be trusted: reviewers' skill from golds or overlaps, and figures corrected by it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from tidegate.errors import MeasureError, Where
from tidegate.measure.figures import TARGET
from tidegate.measure.reviewers import (
    Corrected,
    Part,
    Skill,
    corrected_rate,
    corrected_share,
    fine,
    mixture,
    of_majority,
    parts_by_outcome,
    skill_from_golds,
    skill_from_overlaps,
)
from tidegate.measure.votes import ballots, latest, on_policy, words_on
from tidegate.names import nearest
from tidegate.runs.folder import RunFolder
from tidegate.runs.population import ITEM_SLICES, population
from tidegate.runs.replay import recorded
from tidegate.warehouse import read_groups, read_labels
from tidegate.warehouse.exact import scan_table

EVERYBODY = "everybody"
GROUPS = ("labeller", "policy")
OF_REVIEWERS = "group"
"""A team of reviewers, say, as a file of its own tells."""

NO_GROUP = "(none)"
ABOUT_FINE = {"leakage": False, "overkill": True}
"""The errors, and whether what they count is a fine item."""


def gold_answers(labels: pl.DataFrame, golds: pl.DataFrame) -> pl.DataFrame:
    """Every answer to a gold: item_id, labeller, policy, overall, answer, truth.

    With policy null, whether the item violates at all; and once for each policy that is named, as it would be
    counted of labels (see `votes`): who names another policy, or says that nothing is violated, says no.
    `overall` are the answers of all kinds together: the former, and of items of which golds tell one policy
    alone the latter.

    Raises:
        MeasureError: no gold has an answer.
    """
    given = ballots(labels.join(golds, on="item_id", how="semi"))
    known = ballots(golds)
    cleared = (pl.col("policy").is_null() & ~pl.col("violates")).any()
    at_all = pl.when(pl.col("violates").any()).then(True).when(cleared).then(False)
    told = known.rows.group_by("item_id", maintain_order=True).agg(truth=at_all).drop_nulls("truth")
    votes = given.rows.group_by("item_id", "voter", maintain_order=True)
    found = [
        votes.agg(pl.col("labeller").first(), answer=pl.col("violates").any())
        .join(told, on="item_id", how="inner", maintain_order="left")
        .with_columns(policy=pl.lit(None, pl.String), overall=pl.lit(True))
    ]
    voters = votes.agg(pl.col("labeller").first())
    for policy in sorted({*known.policies, *given.policies}):
        truth = on_policy(known, policy).answers.rename({"y": "truth"})
        found.append(
            words_on(given, policy)
            .join(truth, on="item_id", how="inner", maintain_order="left")
            .join(voters, on=["item_id", "voter"], how="left", maintain_order="left")
            .rename({"vote": "answer"})
            .with_columns(
                policy=pl.lit(policy),
                overall=~pl.col("item_id").is_in(told["item_id"].implode())
                & pl.lit(policy in known.policies),
            )
        )
    columns = ("item_id", "labeller", "policy", "overall", "truth", "answer")
    answers = pl.concat([one.select(columns) for one in found])
    if answers.is_empty():
        raise MeasureError(
            "none of the labels answers a gold",
            where=Where(field="item_id"),
            remedy="Golds are items whose answer is known and that reviewers labelled among the others.",
        )
    return answers


def skills(
    labels: Path,
    golds: Path | None,
    by: Sequence[str] = (),
    run: RunFolder | None = None,
    teams: Path | None = None,
) -> list[dict[str, Any]]:
    """The table of `tidegate reviewers`: one row for everybody, then one per group.

    Without golds each labeller's skill follows from the items that several of them looked at; a run then says
    which of them passed and which were actioned. With golds its items can be grouped by language, market, …,
    and reviewers by the `group` that the file `teams` gives them.

    Raises:
        MeasureError: a group is not known, or nothing can be told.
        InputError: a file cannot be read.
    """
    groups = (
        *GROUPS,
        *(() if teams is None else (OF_REVIEWERS,)),
        *(() if run is None else ITEM_SLICES),
    )
    for name in by:
        if name not in groups:
            raise MeasureError(
                f"reviewers cannot be grouped by '{name}'",
                where=Where(field=name),
                remedy=f"{nearest(name, groups)}Group by {', '.join(groups)}"
                + (", by columns of items with --run" if run is None else "")
                + (", by teams of reviewers with --groups." if teams is None else "."),
            )
    said = latest(read_labels(labels))
    if golds is None:
        if run is not None:
            decided = population(run, recorded(run).ladder).select("item_id", population="outcome")
            said = said.join(decided, on="item_id", how="inner")
        return [_row("labeller", name, one) for name, one in skill_from_overlaps(said).items()]
    answers = gold_answers(said, read_labels(golds))
    if run is not None:
        answers = _with_slices(answers, run, by)
    if teams is not None:
        answers = answers.join(read_groups(teams), on="labeller", how="left").with_columns(
            pl.col(OF_REVIEWERS).fill_null(NO_GROUP)
        )
    rows = [_row("", EVERYBODY, _of(answers.filter("overall")))]
    for name in by:
        mine = answers if name == "policy" else answers.filter("overall")
        for (value,), group in mine.drop_nulls(name).sort(name).group_by(name, maintain_order=True):
            rows.append(_row(name, str(value), _of(group)))
    return rows


def correct(
    figures: dict[str, Any], folder: RunFolder, labels: Path, golds: Path, confidence: float
) -> dict[str, Any]:
    """The figures of `measuring.measure` by item, each with what it is once mistakes are allowed for.

    The skill is that of the reviewers who gave the run's labels, each weighing as many answers as they gave,
    on golds of the slice where it has enough of them, and on all golds otherwise. Figures by view are not
    corrected, and neither is the overkill share of a policy, whose fine items every other policy shares.

    Raises:
        MeasureError: no label answers a gold, or items have an even number of answers each.
        InputError: the golds cannot be read.
    """
    said = latest(read_labels(labels))
    answers = gold_answers(said, read_labels(golds))
    ids = scan_table(folder.table("decisions")).filter("audited").select("item_id").collect()
    mine = said.join(ids, on="item_id", how="semi")
    votes = _votes(mine)
    everybody = of_majority(_weighed(answers.filter("overall"), mine), votes)
    by = tuple(figures["by"])
    answers = _with_slices(answers, folder, by)
    people = population(folder, recorded(folder).ladder, by)
    by_outcome = parts_by_outcome(people, said, by=by, confidence=confidence)
    for slice, value, home in _homes(figures):
        one = everybody
        if slice in answers.columns:
            there = answers if slice == "policy" else answers.filter("overall")
            own = of_majority(_weighed(there.filter(pl.col(slice) == value), mine), votes)
            few = f"too few golds of this {slice}: those of all are used"
            one = own if own.enough else everybody.noted(few)
        for error, about_fine in ABOUT_FINE.items():
            rate = home.get(error, {}).get("rate")
            if rate is not None and rate["estimate"] is not None:
                apparent = (rate["estimate"], rate["low"], rate["high"])
                found_rate = corrected_rate(
                    apparent, one, items=rate["items"], confidence=confidence, about_fine=about_fine
                )
                rate["corrected"] = _told(found_rate, one)
            share = home.get(error, {}).get("share")
            parts = by_outcome.get((slice, value) if slice else (None, None), {})
            if share is not None and share["estimate"] is not None and _can_share(error, slice, parts):
                found_share = corrected_share(
                    TARGET[error],
                    fine(parts) if about_fine else parts,
                    one,
                    confidence=confidence,
                    about_fine=about_fine,
                )
                share["corrected"] = _told(found_share, one)
    return figures


def _can_share(error: str, slice: str, parts: Mapping[str, Part]) -> bool:
    """Whether this slice has items of two outcomes at least, and its share is one of those same items."""
    of_policy = slice == "policy" and error == "overkill"
    return not of_policy and sum(part.items > 0 for part in parts.values()) > 1


def _with_slices(answers: pl.DataFrame, run: RunFolder, by: Sequence[str]) -> pl.DataFrame:
    """The answers with the item columns of `by`, null for golds that are not among the run's items."""
    wanted = [name for name in by if name in ITEM_SLICES]
    items = scan_table(run.table("items")).select(pl.col("id").alias("item_id"), *wanted)
    mine = items.filter(pl.col("item_id").is_in(answers["item_id"].implode())).collect()
    return answers.join(mine, on="item_id", how="left")


def _weighed(answers: pl.DataFrame, labels: pl.DataFrame) -> Skill:
    """The skill of those who gave the labels: each labeller's counts as often as their labels do.

    Where labels or golds name nobody, all answers count alike.
    """
    whole = _of(answers)
    given = dict(labels.drop_nulls("labeller").group_by("labeller").len().sort("labeller").iter_rows())
    each = {name: _of(mine) for (name,), mine in answers.drop_nulls("labeller").group_by("labeller")}
    if not given or not set(given) & set(each):
        return whole
    nobody = Skill(None, None, 0, 0)
    total = sum(given.values())
    found = mixture([(count / total, each.get(name, nobody)) for name, count in given.items()], whole)
    unknown = [name for name in given if name not in each]
    if unknown:
        more = f" and {len(unknown) - 3} others" if len(unknown) > 3 else ""
        found = found.noted(f"no golds of {', '.join(unknown[:3])}{more}: anything may be true of them")
    return found


def _votes(labels: pl.DataFrame) -> int:
    """How many people looked at each item, where it is the same number for all; counted as `measure` does.

    Raises:
        MeasureError: it is not.
    """
    rows = ballots(labels).rows
    each = rows.group_by("item_id").agg(pl.col("voter").n_unique())["voter"].unique().to_list()
    if len(each) > 1:
        raise MeasureError(
            f"items have from {min(each)} to {max(each)} answers, so no one skill goes with them",
            where=Where(field="labeller"),
            remedy="Correct labels of one answer per item, or of the same odd number everywhere.",
        )
    return int(each[0]) if len(each) else 1


def _of(answers: pl.DataFrame) -> Skill:
    return skill_from_golds(answers["truth"], answers["answer"])


def _homes(figures: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    yield "", "", figures
    for slice, values in figures["by"].items():
        for value, home in values.items():
            yield slice, value, home


def _told(found: Corrected, skill: Skill) -> dict[str, Any]:
    return {
        "estimate": found.estimate,
        "low": found.low,
        "high": found.high,
        "sensitivity": skill.sensitivity,
        "specificity": skill.specificity,
        "note": "; ".join(filter(None, (found.note, skill.note if skill.note != found.note else ""))) or None,
    }


def _row(group: str, value: str, skill: Skill, confidence: float = 0.95) -> dict[str, Any]:
    sensitivity, specificity = skill.limits(confidence)
    return {
        "group": group or None,
        "value": value,
        "sensitivity": skill.sensitivity,
        "sensitivity_low": sensitivity[0],
        "sensitivity_high": sensitivity[1],
        "of_violating": skill.of_violating,
        "specificity": skill.specificity,
        "specificity_low": specificity[0],
        "specificity_high": specificity[1],
        "of_fine": skill.of_fine,
        "note": skill.note or None,
    }

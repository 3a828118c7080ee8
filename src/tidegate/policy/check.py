"""How many of their golden cases each detector gets right, held to the floors that a workspace sets.

Takes signals that are already there: scoring the golden items is left to the caller.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from tidegate.errors import PolicyError, Where
from tidegate.policy.floors import Floors, check_floors
from tidegate.policy.model import PolicySet
from tidegate.tables import Catalog, Column, DetectorSpec, SignalType, Table

GOLDEN_CHECK = Table(
    "golden_check",
    "What each detector makes of each policy's golden cases, one row per detector, policy and slice.",
    (
        Column("detector", pl.String, "The detector.", nullable=False),
        Column("detector_version", pl.String, "Its version.", nullable=False),
        Column("policy", pl.String, "The policy whose cases they are.", nullable=False),
        Column("slice", pl.String, "all, language or difficulty.", nullable=False),
        Column("value", pl.String, "Which one: all; en, zh, …; easy or hard.", nullable=False),
        Column("cases", pl.Int64, "Golden cases in the slice.", nullable=False),
        Column("right", pl.Int64, "Cases on which detector and policy agree.", nullable=False),
        Column("share", pl.Float64, "right / cases.", "0 to 1", nullable=False),
        Column(
            "precision", pl.Float64, "Share of what it says violates that does; null if it says it of none."
        ),
        Column("recall", pl.Float64, "Share of what violates that it says so of; null if none does."),
        Column("floor", pl.Float64, "Least share; given for the slice all where the workspace sets one."),
        Column("met", pl.Boolean, "Whether share ≥ floor; null where there is no floor."),
    ),
)

CASE_SCHEMA = {
    "item_id": pl.String,
    "policy": pl.String,
    "language": pl.String,
    "difficulty": pl.String,
    "violates": pl.Boolean,
}
SAID_SCHEMA = {
    **CASE_SCHEMA,
    "place": pl.Int64,
    "detector": pl.String,
    "detector_version": pl.String,
    "says": pl.Boolean,
}
"""A case, and what a detector said of it; `place` keeps the order of catalog and policies."""


def check_golden(
    policies: PolicySet, signals: pl.DataFrame, catalog: Catalog, floors: Floors | None = None
) -> pl.DataFrame:
    """How each detector fares on each policy's golden cases: a `GOLDEN_CHECK` frame, detector by detector.

    `signals` has `item_id` and the signal columns of the golden items (`golden.golden_items`). A detector
    takes part in a policy if one of its fields speaks for the policy's harm and has a threshold; it says
    "violates" if any such field is at or above its threshold. Null and NaN say "does not violate", because a
    detector that finds nothing stops nothing.

    Raises:
        PolicyError: `signals` lacks a golden item or column, or has an item twice.
        WorkspaceError: a floor is no share, or names an unknown detector or policy, or one that the
            detector does not judge.
    """
    judges = {
        (spec.name, policy_id): columns
        for spec in catalog.detectors.values()
        for policy_id, policy in policies.items()
        if (columns := _judging_columns(spec, policy.harm))
    }
    floors = floors or {}
    check_floors(floors, judges, catalog, policies)
    cases = _cases(policies)
    _check_signals(signals, cases, [column for columns in judges.values() for column in columns])
    said = pl.concat(
        [pl.DataFrame(schema=SAID_SCHEMA)]
        + [
            cases.filter(pl.col("policy") == policy_id)
            .join(signals, on="item_id", how="left", maintain_order="left")
            .select(
                *CASE_SCHEMA,
                pl.lit(place, pl.Int64).alias("place"),
                pl.lit(detector).alias("detector"),
                pl.lit(catalog.detectors[detector].version).alias("detector_version"),
                _says(columns).alias("says"),
            )
            for place, ((detector, policy_id), columns) in enumerate(judges.items())
        ]
    )
    slices = pl.concat(
        [
            _slice(said, pl.lit("all"), "all"),
            _slice(said, pl.col("language"), "language"),
            _slice(said, pl.col("difficulty"), "difficulty"),
        ]
    )
    return _with_floors(slices.sort("place", maintain_order=True), floors).select(GOLDEN_CHECK.names)


def _judging_columns(spec: DetectorSpec, harm: str) -> dict[str, float]:
    """The columns of the detector that judge this harm, with their thresholds."""
    return {
        spec.column(field.name): field.threshold
        for field in spec.fields
        if field.harm == harm and field.threshold is not None and field.type is not SignalType.TEXT
    }


def _says(columns: Mapping[str, float]) -> pl.Expr:
    """NaN counts above every number in Polars, so it has to go before the comparison."""
    return pl.any_horizontal(
        (pl.col(column).cast(pl.Float64).fill_nan(None) >= threshold).fill_null(False)
        for column, threshold in columns.items()
    )


def _cases(policies: PolicySet) -> pl.DataFrame:
    rows = [
        (case.id, policy_id, case.language, case.difficulty.value, case.violates)
        for policy_id in policies
        for case in policies.golden[policy_id]
    ]
    return pl.DataFrame(rows, schema=CASE_SCHEMA, orient="row")


def _slice(said: pl.DataFrame, value: pl.Expr, name: str) -> pl.DataFrame:
    hits = (pl.col("says") & pl.col("violates")).sum()
    return (
        said.group_by("place", "detector", "detector_version", "policy", value.alias("value"))
        .agg(
            pl.len().cast(pl.Int64).alias("cases"),
            (pl.col("says") == pl.col("violates")).sum().cast(pl.Int64).alias("right"),
            _ratio(hits, pl.col("says").sum()).alias("precision"),
            _ratio(hits, pl.col("violates").sum()).alias("recall"),
        )
        .with_columns(pl.lit(name).alias("slice"), (pl.col("right") / pl.col("cases")).alias("share"))
        .sort("place", "value")
    )


def _ratio(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    return pl.when(whole > 0).then(part / whole)


def _with_floors(checked: pl.DataFrame, floors: Floors) -> pl.DataFrame:
    rows = [
        (detector, policy, "all", floor) for detector, of in floors.items() for policy, floor in of.items()
    ]
    schema = {"detector": pl.String, "policy": pl.String, "slice": pl.String, "floor": pl.Float64}
    return checked.join(
        pl.DataFrame(rows, schema=schema, orient="row"),
        on=["detector", "policy", "slice"],
        how="left",
        maintain_order="left",
    ).with_columns((pl.col("share") >= pl.col("floor")).alias("met"))


def _check_signals(signals: pl.DataFrame, cases: pl.DataFrame, columns: list[str]) -> None:
    for column in ("item_id", *columns):
        if column not in signals.columns:
            raise PolicyError(
                f"the signals of the golden cases have no column '{column}'",
                where=Where(field=column),
                remedy="Score the golden items with every detector of the catalog.",
            )
    counts = cases.select("item_id").join(
        signals.group_by("item_id").agg(pl.len().alias("rows")),
        on="item_id",
        how="left",
        maintain_order="left",
    )
    for wrong, what in ((pl.col("rows").is_null(), "no row"), (pl.col("rows") > 1, "more than one row")):
        found = counts.filter(wrong)
        if found.height:
            raise PolicyError(
                f"the signals have {what} for {found.height} golden cases, such as '{found['item_id'][0]}'",
                where=Where(field="item_id"),
                remedy="Score the frame that golden_items gives, as it is.",
            )

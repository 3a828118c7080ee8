"""The cascade: compute the next cheapest signal that can still change the answer, for the items that need it.

Nobody writes the cascade; it follows from the rules and the detectors' costs. How detectors are asked is the
caller's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tidegate.strategy import nodes
from tidegate.strategy.border import clean_frame
from tidegate.strategy.column import decision_case, evaluate, evaluate_all
from tidegate.strategy.model import Strategy
from tidegate.strategy.partial import DETECTOR_FAILED, FIRST_NEED, blame_sql, step_sql
from tidegate.tables import Catalog, DetectorSpec, SignalStatus

Compute = Callable[[str, pl.DataFrame], pl.DataFrame]
Rows = NDArray[np.int64]
SKIPPED, NOT_APPLICABLE = SignalStatus.SKIPPED.value, SignalStatus.NOT_APPLICABLE.value

DOLLARS_PER_CORE_MS = 0.05 / 3_600_000
"""Puts time and money on one scale to order detectors by: five cents per hour of a core."""


@dataclass(frozen=True)
class Cascaded:
    """What a cascade found, rows in the order of the items.

    signals: item_id, and per detector of the strategy all its columns, `<detector>.status` and
        `<detector>.failure`.
    resolution: item_id; rule (index, UInt16; null where a failed detector leaves the item undecided); failed
        (the detectors that are missed then, a list of names).
    """

    signals: pl.DataFrame
    resolution: pl.DataFrame


def cascade(
    strategy: Strategy,
    items: pl.DataFrame,
    compute: Compute,
    *,
    catalog: Catalog,
    given: pl.DataFrame | None = None,
) -> Cascaded:
    """Decide items, computing as little as possible.

    Args:
        items: frame with at least id and kind.
        compute: called with a detector's name and the rows of `items` that need it; returns in the same order
            item_id, the detector's columns and `<detector>.status` (computed or failed). It reports
            failures by status; what it raises ends the cascade.
        given: signals that are there already, one row per item in the same order, with statuses.

    A detector is not asked about an item whose kind it does not read: its signals are NULL, and known. An
    item is decided as soon as no missing signal can change the rule that decides, and left to review, with
    the detectors to blame, as soon as only failed ones could settle it. Last, the signals to which audit
    plans are proportional are computed for the items that their rules decided; if that fails the score is
    missing, and the plan's floor holds.
    """
    specs = [catalog.detectors[name] for name in sorted(strategy.detectors)]
    answers = _Answers(items, specs, compute, given)
    order = trial_order(conditions_read(strategy), catalog)
    rule, open_rows = np.full(len(items), -1, dtype=np.int64), np.arange(len(items))
    stuck: list[Rows] = []
    while len(open_rows):
        step = evaluate(
            step_sql(strategy, order), _read(strategy, answers, open_rows), len(open_rows)
        ).to_numpy()
        decided = step >= 0
        rule[open_rows[decided]] = step[decided]
        stuck.append(open_rows[step == DETECTOR_FAILED])
        needs = step <= FIRST_NEED
        if needs.any():
            cheapest = step[needs].max()
            answers.ask(order[FIRST_NEED - cheapest], open_rows[step == cheapest])
        open_rows = open_rows[needs]
    _compute_scores(strategy, answers, rule)
    failed = np.sort(np.concatenate(stuck)) if stuck else np.array([], dtype=np.int64)
    signals = answers.frame()
    resolution = pl.select(
        item_id=items["id"],
        rule=_as_rule(rule),
        failed=_blamed(strategy, signals, failed, len(items)),
    )
    return Cascaded(signals, resolution)


def resolve(strategy: Strategy, item_ids: pl.Series, signals: pl.DataFrame) -> pl.DataFrame:
    """What is certain from the signals as they stand: item_id, rule and failed as in `Cascaded.resolution`.

    Where a skipped signal would be needed to tell, the rule is null and nothing is blamed.
    """
    rule = evaluate(decision_case(strategy, partial=True), signals, len(item_ids)).fill_null(-2).to_numpy()
    failed = np.flatnonzero(rule == DETECTOR_FAILED)
    return pl.select(
        item_id=item_ids, rule=_as_rule(rule), failed=_blamed(strategy, signals, failed, len(item_ids))
    )


def trial_order(detectors: Iterable[str], catalog: Catalog) -> tuple[str, ...]:
    """Detectors from cheap to dear by declared cost, names breaking ties."""

    def price(name: str) -> tuple[float, str]:
        spec = catalog.detectors[name]
        return spec.cost_money + spec.cost_ms * DOLLARS_PER_CORE_MS, name

    return tuple(sorted(detectors, key=price))


def conditions_read(strategy: Strategy) -> frozenset[str]:
    """The detectors that conditions read, as opposed to audit plans alone."""
    read = (nodes.detectors(rule.condition) for rule in strategy.rules if rule.condition is not None)
    return frozenset().union(*read)


class _Answers:
    """The signals found so far, per detector a frame with one row per item."""

    def __init__(
        self, items: pl.DataFrame, specs: Iterable[DetectorSpec], compute: Compute, given: pl.DataFrame | None
    ) -> None:
        self.items = items
        self.compute = compute
        self.specs = {spec.name: spec for spec in specs}
        self.found = {name: self._begin(spec, given) for name, spec in self.specs.items()}

    def _begin(self, spec: DetectorSpec, given: pl.DataFrame | None) -> pl.DataFrame:
        if given is not None and spec.status_column in given.columns:
            return _answer(given, spec)
        reads = self.items["kind"].is_in(list(spec.kinds))
        status = pl.select(pl.when(reads).then(pl.lit(SKIPPED)).otherwise(pl.lit(NOT_APPLICABLE))).to_series()
        return (
            pl.DataFrame(schema=spec.schema)
            .clear(len(self.items))
            .with_columns(status.alias(spec.status_column))
        )

    def ask(self, detector: str, rows: Rows) -> None:
        """Compute a detector for some rows and keep what it says."""
        spec = self.specs[detector]
        asked = self.items[rows]
        answer = self.compute(detector, asked)
        if not answer["item_id"].equals(asked["id"]):
            raise ValueError(f"the answer of '{detector}' has other items than it was asked about")
        old, new = self.found[detector], _answer(answer, spec)
        if (new[spec.status_column] == SKIPPED).any():
            raise ValueError(f"'{detector}' skipped items that it was asked about")
        place = np.arange(len(old))
        place[rows] = len(old) + np.arange(len(rows))
        self.found[detector] = pl.concat([old, new])[place]

    def status(self, detector: str) -> NDArray[np.str_]:
        return self.found[detector][self.specs[detector].status_column].to_numpy()

    def frame(self) -> pl.DataFrame:
        return pl.concat([self.items.select(item_id="id"), *self.found.values()], how="horizontal")


def _answer(frame: pl.DataFrame, spec: DetectorSpec) -> pl.DataFrame:
    """The columns of one detector, border-clean; an answer may leave out why it failed."""
    values = clean_frame(frame, {spec.column(f.name): f.type for f in spec.fields})
    name = spec.failure_column
    failure = (
        frame[name] if name in frame.columns else pl.repeat(None, len(frame), dtype=pl.String, eager=True)
    )
    return values.with_columns(frame[spec.status_column].cast(pl.String), failure.cast(pl.String).alias(name))


def _read(strategy: Strategy, answers: _Answers, rows: Rows) -> pl.DataFrame:
    """The columns that the steps read, for some rows."""
    columns: list[pl.Series] = []
    for name, spec in answers.specs.items():
        found = answers.found[name]
        columns += [found[column] for column in strategy.types if column in found.columns]
        columns.append(found[spec.status_column])
    frame = pl.DataFrame(columns)
    return frame if not columns or len(rows) == len(frame) else frame[rows]


def _compute_scores(strategy: Strategy, answers: _Answers, rule: Rows) -> None:
    """Ask for missing signals of proportional audit plans; undecided items are on the strategy's plan."""
    plans = [(index, r.audit) for index, r in enumerate(strategy.rules)]
    for index, plan in [*plans, (-1, strategy.audit)]:
        if plan.proportional_to is None:
            continue
        detector = plan.proportional_to.partition(".")[0]
        missing = np.flatnonzero((rule == index) & (answers.status(detector) == SKIPPED))
        if len(missing):
            answers.ask(detector, missing)


def _as_rule(index: Rows) -> pl.Expr:
    """Rule indices, null where they are negative."""
    series = pl.Series("rule", index)
    return pl.when(series >= 0).then(series).cast(pl.UInt16)


def _blamed(strategy: Strategy, signals: pl.DataFrame, failed: Rows, rows: int) -> pl.Expr:
    """Per row the detectors that are missed; none in rows that are not in `failed`."""
    blamed = {name: np.zeros(rows, dtype=bool) for name in sorted(conditions_read(strategy))}
    if len(failed):
        questions = {name: blame_sql(strategy, name) for name in blamed}
        said = evaluate_all(questions, signals[failed], len(failed))
        for name, flags in blamed.items():
            flags[failed] = said[name].fill_null(False).to_numpy()
    return _name_lists(blamed, rows)


def _name_lists(flags: Mapping[str, NDArray[np.bool_]], rows: int) -> pl.Expr:
    """Per row the names whose flag is set, in order."""
    if not flags:
        return pl.lit(pl.Series([[]] * rows, dtype=pl.List(pl.String)))
    named = [pl.when(pl.Series(flag)).then(pl.lit(name)) for name, flag in flags.items()]
    return pl.concat_list(named).list.drop_nulls()

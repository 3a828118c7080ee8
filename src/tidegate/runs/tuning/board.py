"""The recorded signals of a run, decided again and again with other let: numbers.

Nothing is known of a threshold but what it does: the strategy is evaluated, not read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow.parquet as pq

from tidegate.policy.ladder import Outcome
from tidegate.runs.backtest_decide import is_recorded
from tidegate.runs.backtest_trial import Trial
from tidegate.strategy import Strategy, load_strategy
from tidegate.strategy.border import clean_frame
from tidegate.strategy.column import decision_case, evaluate_all
from tidegate.strategy.conditions import condition
from tidegate.strategy.model import Rule
from tidegate.strategy.nodes import Condition
from tidegate.strategy.values import Scope
from tidegate.tables import ITEM_SIGNALS, ITEMS, KNOWN, SignalStatus, SignalType
from tidegate.warehouse.exact import read_table

PASSED, ACTIONED, HELD, UNKNOWN = range(4)
"""What becomes of an item; unknown where the run never computed a signal that the answer hangs on."""

CODES = {Outcome.PASSED: PASSED, Outcome.ACTIONED: ACTIONED, Outcome.HELD: HELD}
TOGETHER = 24
"""So many strategies are evaluated in one pass over the signals."""

Outcomes = npt.NDArray[np.int8]


@dataclass
class Board:
    """Rows of a run with the signals that a strategy reads; `outcomes` remembers what it has worked out."""

    trial: Trial
    signals: pl.DataFrame
    known: bool
    """Whether no signal was skipped and no detector failed, so that the plain evaluator will do."""
    found: dict[tuple[tuple[str, float], ...], Outcomes] = field(default_factory=dict)
    conditions: dict[tuple[str, tuple[tuple[str, float], ...]], Condition] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return len(self.signals)

    def part(self, rows: npt.NDArray[np.int64]) -> Board:
        """A board of some of the rows, that has worked out nothing yet."""
        return Board(self.trial, self.signals[rows], self.known, conditions=self.conditions)

    def strategy(self, numbers: Mapping[str, float]) -> Strategy:
        """The strategy with these let: numbers; those that arithmetic gives need not be named."""
        base, bench = self.trial.bench.strategy, self.trial.bench
        return load_strategy(base.text, catalog=bench.catalog, ladder=base.ladder, let=numbers)

    def trial_strategy(self, numbers: Mapping[str, float]) -> Strategy:
        """The same for deciding alone, faster: only conditions that read a changed number are read again."""
        base = self.trial.bench.strategy
        if not set(base.let) <= set(numbers):
            return self.strategy(numbers)
        types = {name: field.type for name, field in self.trial.bench.catalog.signals.items()}
        rules = tuple(
            replace(rule, condition=self._condition(rule, numbers, types)) if rule.when else rule
            for rule in base.rules
        )
        mark = repr(sorted(numbers.items()))
        return replace(base, let=dict(numbers), rules=rules, hash=f"{base.hash} {mark}")

    def _condition(
        self, rule: Rule, numbers: Mapping[str, float], types: Mapping[str, SignalType]
    ) -> Condition | None:
        assert rule.when is not None
        read = {name: number for name, number in numbers.items() if name in rule.when}
        key = (rule.id, tuple(sorted(read.items())))
        if key not in self.conditions:
            self.conditions[key] = condition(rule.when, Scope(dict(types), read))
        return self.conditions[key]

    def outcomes(self, choices: Sequence[Mapping[str, float]]) -> list[Outcomes]:
        """(rows,) what becomes of each row, for each choice of let: numbers."""
        keys = [tuple(sorted(choice.items())) for choice in choices]
        missing = [key for key in dict.fromkeys(keys) if key not in self.found]
        for at in range(0, len(missing), TOGETHER):
            some = missing[at : at + TOGETHER]
            strategies = [self.trial_strategy(dict(key)) for key in some]
            cases = {str(i): decision_case(one, partial=not self.known) for i, one in enumerate(strategies)}
            rules = evaluate_all(cases, self.signals, self.rows)
            for key, strategy, name in zip(some, strategies, cases, strict=True):
                self.found[key] = _outcome(strategy, rules[name])
        return [self.found[key] for key in keys]


def board(trial: Trial, rows: npt.NDArray[np.int64]) -> Board:
    """The signals of these rows of a run, from where the run has them."""
    strategy, catalog = trial.bench.strategy, trial.bench.catalog
    recorded = pq.read_schema(trial.folder.table("signals")).names
    items = read_table(trial.folder.table("items"), columns=["kind", *_item_columns(strategy)])[rows]
    specs = [catalog.detectors[name] for name in sorted(strategy.detectors)]
    there = [spec for spec in specs if is_recorded(spec, recorded)]
    wanted = [name for spec in there for name in (*_read(strategy, spec.name), spec.status_column)]
    signals = read_table(trial.folder.table("signals"), columns=wanted)[rows] if wanted else None
    columns: list[pl.Series] = [] if signals is None else signals.get_columns()
    for spec in specs:
        if spec in there:
            continue
        if spec.name == ITEM_SIGNALS.name:
            columns += [items[name.partition(".")[2]].alias(name) for name in _read(strategy, spec.name)]
            status = pl.repeat(SignalStatus.COMPUTED.value, len(items), eager=True)
        else:
            empty = [
                pl.Series(name, [None], dtype=strategy.types[name].dtype)
                for name in _read(strategy, spec.name)
            ]
            columns += [column.new_from_index(0, len(items)) for column in empty]
            status = items.select(
                pl.when(pl.col("kind").is_in(sorted(spec.kinds)))
                .then(pl.lit(SignalStatus.SKIPPED.value))
                .otherwise(pl.lit(SignalStatus.NOT_APPLICABLE.value))
            ).to_series()
        columns.append(status.alias(spec.status_column))
    frame = pl.DataFrame(columns)
    statuses = [spec.status_column for spec in specs]
    known = all(frame[name].is_in([str(status) for status in KNOWN]).all() for name in statuses)
    return Board(trial, clean_frame(frame, strategy.types).with_columns(frame[statuses]), known)


def _read(strategy: Strategy, detector: str) -> list[str]:
    return [name for name in strategy.types if name.partition(".")[0] == detector]


def _item_columns(strategy: Strategy) -> list[str]:
    found = [name.partition(".")[2] for name in _read(strategy, ITEM_SIGNALS.name)]
    return [name for name in found if name in ITEMS.names and name != "kind"]


def _outcome(strategy: Strategy, rule: pl.Series) -> Outcomes:
    """Of the index of the deciding rule; −1 says that a failed detector leaves the item to a person."""
    actions = [CODES[strategy.ladder[one.then].outcome] for one in strategy.rules]
    table = np.array([UNKNOWN, HELD, *actions], dtype=np.int8)
    # A null, a skipped signal that would be needed, becomes −2.
    found: Outcomes = table[rule.cast(pl.Int64).fill_null(-2).to_numpy() + 2]
    return found

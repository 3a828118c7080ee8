"""Backtest on runs with known answers: what flips, what is undetermined, what it would have cost.

The runs here are decided by the real cascade over two detectors whose answers are written down, so that the
same cascade under the new strategy says what a backtest must find.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tidegate.errors import InputError, MeasureError, RunError, StrategyError
from tidegate.policy.ladder import LADDER
from tidegate.runs.backtest import Backtest, as_dict, backtest
from tidegate.runs.backtest_decide import CODE, run_tables, write_codes
from tidegate.runs.backtest_trial import set_up_trial
from tidegate.runs.backtest_words import lead
from tidegate.runs.folder import RunFolder
from tidegate.runs.moderate import spec_record
from tidegate.signals import item_signals
from tidegate.strategy import DETECTOR_FAILED, cascade, decisions_frame, load_strategy
from tidegate.strategy.partial import FIRST_NEED
from tidegate.tables import ITEM_SIGNALS, ITEMS, Catalog, DetectorSpec, SignalField, SignalType

CHEAP = DetectorSpec("cheap", "1", (SignalField("risk", SignalType.NUMBER, "A quick guess."),), cost_ms=1.0)
DEAR = DetectorSpec(
    "dear", "1", (SignalField("risk", SignalType.NUMBER, "A careful guess."),), cost_ms=10.0, cost_money=0.01
)
CATALOG = Catalog.of(ITEM_SIGNALS, CHEAP, DEAR)

BEFORE = """
strategy: doors
version: 1
audit: 0.5
rules:
  - {id: certain, when: cheap.risk >= 0.9, then: remove}
  - {id: judged, when: cheap.risk >= 0.5 and dear.risk >= 0.5, then: review}
  - {id: otherwise, then: allow}
"""
DETECTORS = """
import polars as pl
from tidegate.tables import DetectorSpec, SignalField, SignalType

class Oracle:
    examples = ()

    def __init__(self, settings, name, **cost):
        field = SignalField("risk", SignalType.NUMBER, "A guess.")
        self.spec = DetectorSpec(name, settings.get("version", "1"), (field,), **cost)
        self.answers = pl.read_parquet(settings["answers"])

    def detect(self, items):
        found = items.select("id").join(self.answers, on="id", how="left", maintain_order="left")
        if self.spec.name == "dear" and found["broken"].any():
            raise TimeoutError
        return found.select(pl.col(self.spec.name).alias(self.spec.name + ".risk"))

def cheap(settings):
    return Oracle(settings, "cheap", cost_ms=1.0)

def dear(settings):
    return Oracle(settings, "dear", cost_ms=10.0, cost_money=0.01)
"""


@dataclass(frozen=True)
class Stage:
    """A workspace with its two detectors' answers, and a finished run in it."""

    root: Path
    folder: RunFolder
    items: pl.DataFrame = field(repr=False)
    answers: pl.DataFrame = field(repr=False)

    def strategy(self, text: str) -> Path:
        path = self.root / "new.yaml"
        path.write_text(text)
        return path

    def test(self, text: str, **options: object) -> Backtest:
        return backtest(self.folder, self.strategy(text), **options)  # type: ignore[arg-type]

    def decided(self, text: str) -> pl.DataFrame:
        """What the new strategy's own cascade decides, and what it costs."""
        return decide(self.strategy(text), self.items, self.answers)[0]


def decide(strategy: Path, items: pl.DataFrame, answers: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Decisions and signals of the real cascade; the dear detector fails on the items that are broken."""
    loaded = load_strategy(strategy, catalog=CATALOG, ladder=LADDER, policies=None)

    def ask(detector: str, asked: pl.DataFrame) -> pl.DataFrame:
        if detector == "item":
            return item_signals(asked)
        spec = CATALOG.detectors[detector]
        found = asked.select(pl.col("id")).join(answers, on="id", how="left", maintain_order="left")
        broken = pl.col("broken") if detector == "dear" else pl.lit(False)
        value = pl.when(~broken).then(pl.col(detector))
        return found.select(
            pl.col("id").alias("item_id"),
            value.alias(spec.column("risk")),
            pl.when(broken).then(pl.lit("failed")).otherwise(pl.lit("computed")).alias(spec.status_column),
            pl.when(broken).then(pl.lit("timed out")).alias(spec.failure_column),
        )

    found = cascade(loaded, items, ask, catalog=CATALOG)
    decisions = decisions_frame(loaded, found.resolution, found.signals, CATALOG)
    rng = np.random.default_rng(5)
    audited = rng.random(len(items)) < 0.5
    return decisions.with_columns(audit_probability=pl.lit(0.5), audited=pl.Series(audited)), found.signals


def stage(root: Path, answers: pl.DataFrame, *, text: str = BEFORE, row_groups: int | None = None) -> Stage:
    """A workspace and a finished run in it; its items are the rows of `answers`."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "oracles.py").write_text(DETECTORS)
    answers.write_parquet(root / "answers.parquet")
    write_settings(root)
    count = np.arange(len(answers))
    known = {
        "id": answers["id"],
        "kind": np.where(count % 11 == 0, "image", "text"),
        "text": [f"a mild post about door {k}" for k in count],
        "language": np.where(count % 3 == 0, "zh", "en"),
        "views": count * 7919 % 1000,
    }
    items = pl.DataFrame(
        [pl.Series(c.name, known.get(c.name, [None] * len(count)), c.dtype) for c in ITEMS.columns]
    )
    folder = RunFolder(root / "run")
    folder.root.mkdir()
    folder.strategy.write_text(text)
    decisions, signals = decide(folder.strategy, items, answers)
    items.write_parquet(folder.table("items"), row_group_size=row_groups)
    signals.write_parquet(folder.table("signals"), row_group_size=row_groups and row_groups * 3 // 2)
    decisions.write_parquet(folder.table("decisions"), row_group_size=row_groups and row_groups * 2)
    truth = answers.select(item_id="id", violates="violates", policy=pl.lit(None, pl.String))
    truth.write_parquet(folder.table("truth"))
    loaded = load_strategy(folder.strategy, catalog=CATALOG, ladder=LADDER, policies=None)
    manifest = {
        "input": [],
        "items": len(answers),
        "strategy": {
            "name": loaded.name,
            "version": loaded.label,
            "hash": loaded.hash,
            "let": dict(loaded.let),
        },
        "ladder": [asdict(action) for action in LADDER],
        "policies": [],
        "detectors": {name: spec_record(spec) for name, spec in CATALOG.detectors.items()},
        "audit_seed": "seed",
        "complete": True,
    }
    folder.manifest.write_text(json.dumps(manifest))
    return Stage(root, folder, items, answers)


def write_settings(root: Path, names: tuple[str, ...] = ("cheap", "dear"), more: str = "") -> None:
    sections = [
        f'[detectors.{n}]\nuse = "oracles:{n}"\nanswers = "{root}/answers.parquet"\n{more}' for n in names
    ]
    (root / "tidegate.toml").write_text("\n".join(sections))


def made_up(rows: int, seed: int) -> pl.DataFrame:
    """Answers of two detectors, the dear one nearer to the truth; on a few items it fails."""
    rng = np.random.default_rng(seed)
    harm = rng.random(rows) < 0.2
    return pl.DataFrame(
        {
            "id": [f"item-{k}" for k in range(rows)],
            "cheap": np.clip(0.5 * harm + rng.normal(0.3, 0.2, rows), 0, 1).round(2),
            "dear": np.clip(0.7 * harm + rng.normal(0.2, 0.15, rows), 0, 1).round(2),
            "broken": np.arange(rows) % 50 == 0,
            "violates": harm,
        }
    )


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    root = tmp_path_factory.mktemp("small")
    sys.path.insert(0, str(root))
    yield stage(root, made_up(2_000, 3))
    sys.path.remove(str(root))


# --- what flips -----------------------------------------------------------------------------------------


def test_the_same_strategy_flips_nothing_and_costs_the_same(small: Stage) -> None:
    result = small.test(BEFORE, by=("language", "rule"))

    assert result.totals.flips == result.totals.undetermined == result.totals.other_rule == 0
    assert result.rules.is_empty()
    assert result.most_viewed.is_empty()
    assert result.slices["flips"].sum() == 0
    assert result.totals.reviews.before == result.totals.reviews.after
    assert result.totals.cost_ms.after == pytest.approx(result.totals.cost_ms.before)
    assert result.totals.cost_money.after == pytest.approx(result.totals.cost_money.before)
    assert result.differences is not None
    assert result.differences["truth"].abs().max() == 0
    assert "flips none of 2,000 items: as many reviews" in lead(result)


NEW = st.builds(
    """
strategy: doors
version: 2
audit: {{proportional_to: {score}.risk, budget_per_day: 50, floor: 0.1}}
rules:
  - {{id: certain, when: cheap.risk >= {a}, then: {then}}}
  - {{id: seen, when: item.views > 900 and dear.risk >= {b}, then: review}}
  - {{id: judged, when: cheap.risk >= {c} and (dear.risk >= {d} or cheap.risk is null), then: label}}
  - {{id: otherwise, then: allow}}
""".format,
    score=st.sampled_from(["cheap", "dear"]),
    then=st.sampled_from(["remove", "label", "limit_reach"]),
    a=st.sampled_from([0.7, 0.85, 0.9, 0.95]),
    b=st.sampled_from([0.2, 0.6]),
    c=st.sampled_from([0.2, 0.5, 0.8]),
    d=st.sampled_from([0.3, 0.5, 0.7]),
)


@settings(max_examples=12, deadline=None, phases=[Phase.generate])
@given(text=NEW)
def test_a_backtest_that_may_compute_finds_what_the_new_cascade_decides_at_its_cost(
    small: Stage, text: str
) -> None:
    """Given any new strategy, when what is missing is computed, then nothing differs from deciding anew."""
    result = small.test(text, compute_missing=True)

    anew = small.decided(text)
    before = pl.read_parquet(small.folder.table("decisions"))
    pairs = pl.DataFrame({"action": before["action"], "action_after": anew["action"]})
    expected = {(a, b): n for a, b, n in pairs.group_by("action", "action_after").len().iter_rows()}
    assert {
        (a, b): n for a, b, n in result.matrix.select("action", "action_after", "items").iter_rows()
    } == expected
    assert result.undetermined.is_empty()
    # A score that only the audit plan wants is not asked for; its cost is counted as if it had not failed.
    failed = 10.0 * small.answers["broken"].sum() if "dear.risk, budget" in text else 0.0
    assert -1e-6 <= result.totals.cost_ms.after - anew["cost_ms"].sum() <= failed + 1e-6


@settings(max_examples=12, deadline=None, phases=[Phase.generate])
@given(text=NEW)
def test_without_computing_every_item_is_decided_as_the_new_cascade_would_or_undetermined(
    small: Stage, text: str
) -> None:
    codes = decided_codes(small, text)

    anew = small.decided(text)
    rules = ["certain", "seen", "judged", "otherwise"]
    for code, rule, action in zip(codes[CODE], anew["rule"], anew["action"], strict=True):
        if code >= 0:
            assert rules[code] == rule
        elif code == DETECTOR_FAILED:
            assert (rule, action) == (None, "review")
        else:
            assert code <= FIRST_NEED


def decided_codes(stage: Stage, text: str) -> pl.DataFrame:
    trial = set_up_trial(stage.folder, stage.strategy(text))
    with run_tables(stage.folder, stage.root) as connection:
        write_codes(connection, trial, stage.root / "codes.parquet")
    return pl.read_parquet(stage.root / "codes.parquet")


def test_the_matrix_the_rules_and_the_slices_add_up(small: Stage) -> None:
    result = small.test(
        BEFORE.replace("0.9", "0.7").replace(">= 0.5 and", ">= 0.3 and"), by=("language", "action")
    )

    views = int(pl.read_parquet(small.folder.table("items"))["views"].sum())
    totals = result.totals
    assert result.matrix["items"].sum() == totals.items == 2_000
    assert result.matrix["views"].sum() == totals.views == views
    off = result.matrix.filter(pl.col("action") != pl.col("action_after"))
    assert off["items"].sum() == result.rules["items"].sum() == totals.flips > 0
    assert off["views"].sum() == result.rules["views"].sum() == totals.views_flipped > 0
    unknown = result.matrix.filter(pl.col("action_after").is_null())
    assert unknown["items"].sum() == totals.undetermined > 0
    for _, part in result.slices.group_by("slice"):
        assert part["items"].sum() == 2_000
        assert part["flips"].sum() == totals.flips
        assert part["undetermined"].sum() == totals.undetermined
        assert part["reviews_after"].sum() == totals.reviews.after
        assert part["reviews"].sum() == totals.reviews.before


def test_the_most_viewed_flips_come_first_and_without_their_text(small: Stage) -> None:
    text = BEFORE.replace("0.9", "0.7")
    result = small.test(text)

    before = pl.read_parquet(small.folder.table("decisions"))
    flips = pl.DataFrame([small.items["id"], small.items["views"]]).filter(
        before["action"] != small.decided(text)["action"]
    )
    assert len(result.most_viewed) == 20
    assert result.most_viewed["views"].to_list() == sorted(flips["views"], reverse=True)[:20]
    assert "text" not in result.most_viewed.columns
    assert "mild post" not in json.dumps(as_dict(result))
    shown = small.test(text, show_text=True).most_viewed
    assert shown["text"].str.starts_with("a mild post about door").all()


def test_an_item_that_another_rule_decides_alike_is_no_flip(small: Stage) -> None:
    text = BEFORE.replace("{id: certain,", "{id: sure,")
    result = small.test(text)

    assert result.totals.flips == 0
    removed = (pl.read_parquet(small.folder.table("decisions"))["action"] == "remove").sum()
    assert result.totals.other_rule == removed > 0


def test_rows_stay_in_order_whatever_the_row_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given tables cut into row groups of different sizes, then each item meets its own signals and views."""
    monkeypatch.syspath_prepend(str(tmp_path))
    many = stage(tmp_path, made_up(150_000, 4), row_groups=10_000)
    text = BEFORE.replace("cheap.risk >= 0.9", "cheap.risk >= 0.9 and item.views < 500").replace(
        "dear.risk >= 0.5", "dear.risk >= 0.6"
    )

    codes = decided_codes(many, text)
    rules = ["certain", "judged", "otherwise"]
    found = [rules[code] if code >= 0 else None for code in codes[CODE]]
    assert found.count(None) > 0
    expected = many.decided(text)["rule"]
    assert all(here in (None, there) for here, there in zip(found, expected, strict=True))


def test_rows_stay_in_order_whatever_the_lists_in_the_conditions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given so many rules that DuckDB joins with the list of them, then each item has its own code."""
    monkeypatch.syspath_prepend(str(tmp_path))
    plan = "{proportional_to: cheap.risk, budget_per_day: 100}"
    rules = [f"  - {{id: r{k}, when: cheap.risk >= {0.95 - k / 20}, then: remove}}" for k in range(12)]
    last = "  - {id: otherwise, then: allow}\n"
    text = "\n".join(["strategy: doors", "version: 2", f"audit: {plan}", "rules:", *rules, last])
    many = stage(tmp_path, made_up(60_000, 6), text=text, row_groups=3_000)

    trial = set_up_trial(many.folder, many.strategy(text))
    with run_tables(many.folder, many.root) as connection:
        connection.execute("SET threads = 4")
        write_codes(connection, trial, many.root / "codes.parquet")
    codes = pl.read_parquet(many.root / "codes.parquet")[CODE]
    names = [rule.id for rule in trial.bench.strategy.rules]
    recorded = pl.read_parquet(many.folder.table("decisions"))["rule"]
    assert [names[code] for code in codes] == recorded.to_list()


def test_the_items_own_columns_are_known_even_where_the_run_did_not_read_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a run that read item.views of some items only, then no item is undetermined for want of it."""
    monkeypatch.syspath_prepend(str(tmp_path))
    text = BEFORE.replace("cheap.risk >= 0.5 and", "cheap.risk >= 0.5 and item.views > 300 and")
    some = stage(tmp_path, made_up(600, 5), text=text)
    assert "skipped" in pl.read_parquet(some.folder.table("signals"))["item.status"]

    new = BEFORE.replace("cheap.risk >= 0.9", "item.views > 990")
    codes = decided_codes(some, new)
    assert (codes[CODE] == 0).sum() == (some.items["views"] > 990).sum() > 0
    result = some.test(new, compute_missing=True)
    assert result.totals.cost_ms.after == pytest.approx(some.decided(new)["cost_ms"].sum())


# --- what is not known ----------------------------------------------------------------------------------

WIDER = BEFORE.replace("cheap.risk >= 0.5", "cheap.risk >= 0.4")


def test_items_that_need_a_signal_which_was_never_computed_are_counted_with_the_remedy(small: Stage) -> None:
    result = small.test(WIDER)

    cheap = small.answers["cheap"]
    waiting = int(((cheap >= 0.4) & (cheap < 0.5)).sum())
    assert result.undetermined.to_dicts() == [
        {
            "detector": "dear",
            "items": waiting,
            "cost_ms": waiting * 10.0,
            "cost_money": pytest.approx(waiting * 0.01),
        }
    ]
    assert result.totals.undetermined == waiting
    assert result.totals.flips == 0
    assert lead(result).startswith(f"{waiting:,} items (")
    assert "--compute-missing" in lead(result)


def test_computing_what_is_missing_asks_for_no_more_and_leaves_the_run_alone(small: Stage) -> None:
    contents = {path.name: path.read_bytes() for path in small.folder.root.iterdir()}
    steps = []
    result = small.test(WIDER, compute_missing=True, report=steps.append)

    assert result.computed == {"dear": small.test(WIDER).totals.undetermined}
    assert result.totals.undetermined == 0
    assert steps[-1].share == 1
    assert {path.name: path.read_bytes() for path in small.folder.root.iterdir()} == contents


def test_a_detector_of_another_version_is_not_mixed_into_the_run(small: Stage) -> None:
    write_settings(small.root, more='version = "2"')
    try:
        with pytest.raises(RunError, match="the run was made with dear 1, the workspace has dear 2"):
            small.test(WIDER, compute_missing=True)
    finally:
        write_settings(small.root)


def test_a_detector_that_the_workspace_does_not_have_cannot_be_asked(small: Stage) -> None:
    write_settings(small.root, ("cheap",))
    try:
        assert small.test(WIDER).totals.undetermined > 0
        with pytest.raises(RunError, match="no detector 'dear'"):
            small.test(WIDER, compute_missing=True)
    finally:
        write_settings(small.root)


def test_items_whose_needed_detector_failed_go_to_review(small: Stage) -> None:
    """The run asked the dear detector from 0.5 upwards, and the new strategy asks about the same items."""
    result = small.test(BEFORE.replace("then: review", "then: label"))

    asked = small.answers["cheap"].is_between(0.5, 0.9, closed="left")
    failed = small.answers["broken"] & asked
    assert result.totals.reviews.after == failed.sum() > 0
    pairs = {
        (rule, rule_after): n
        for rule, rule_after, n in result.rules.select("rule", "rule_after", "items").iter_rows()
    }
    assert set(pairs) == {("judged", "judged")}
    without = small.test(BEFORE.replace(" and dear.risk >= 0.5", ""))
    assert ("(a detector failed)", "judged") not in without.rules.select("rule", "rule_after").rows()


# --- leakage and overkill -------------------------------------------------------------------------------


def test_the_interval_of_the_difference_holds_the_true_one(small: Stage) -> None:
    result = small.test(BEFORE.replace("0.9", "0.7").replace("dear.risk >= 0.5", "dear.risk >= 0.4"))

    assert result.differences is not None
    assert len(result.differences) == 8
    assert result.differences["truth"].is_between(result.differences["low"], result.differences["high"]).all()
    assert result.differences.filter(pl.col("truth").abs() > 0.001).height > 0
    assert "overkill share" in lead(result)
    assert "leakage share" in lead(result)


def test_a_file_of_labels_says_what_the_truth_of_the_audited_items_says(small: Stage, tmp_path: Path) -> None:
    text = BEFORE.replace("0.9", "0.7")
    audited = pl.read_parquet(small.folder.table("decisions")).filter("audited")["item_id"]
    small.answers.filter(pl.col("id").is_in(audited.implode())).select(
        item_id="id", violates="violates"
    ).write_csv(tmp_path / "labels.csv")

    by_file, by_truth = small.test(text, labels=tmp_path / "labels.csv"), small.test(text)
    assert by_file.differences is not None
    assert by_truth.differences is not None
    assert by_file.differences.equals(by_truth.differences)


def test_without_labels_and_truth_the_errors_are_said_to_be_unknown(small: Stage) -> None:
    truth = small.folder.table("truth")
    kept = truth.read_bytes()
    truth.unlink()
    try:
        result = small.test(BEFORE.replace("0.9", "0.7"))
    finally:
        truth.write_bytes(kept)
    assert result.differences is None
    assert "There are no labels" in lead(result)
    assert "share" not in lead(result)


# --- what is refused ------------------------------------------------------------------------------------


def test_a_slice_that_is_not_there_names_the_nearest(small: Stage) -> None:
    with pytest.raises(MeasureError, match="no slice 'langage'") as found:
        small.test(BEFORE, by=("langage",))
    assert "Did you mean 'language'?" in str(found.value)


def test_a_signal_that_neither_run_nor_workspace_has_is_an_error_with_its_line(small: Stage) -> None:
    with pytest.raises(StrategyError) as found:
        small.test(BEFORE.replace("dear.risk", "deer.risk"))
    assert "new.yaml:7" in str(found.value)
    assert "Did you mean 'dear.risk'?" in str(found.value)


def test_tables_of_different_lengths_are_refused(small: Stage) -> None:
    signals = small.folder.table("signals")
    kept = signals.read_bytes()
    pl.read_parquet(signals).head(10).write_parquet(signals)
    try:
        with pytest.raises(RunError, match="10 rows, and the run decided"):
            small.test(BEFORE)
    finally:
        signals.write_bytes(kept)


def test_labels_that_cannot_be_read_are_refused(small: Stage, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("item_id,violates\nitem-1,perhaps\n")
    with pytest.raises(InputError):
        small.test(BEFORE, labels=tmp_path / "labels.csv")


def test_let_numbers_can_be_set(small: Stage) -> None:
    text = BEFORE.replace("audit: 0.5", "audit: 0.5\nlet: {bar: 0.9}").replace(">= 0.9", ">= :bar")
    assert small.test(text).totals.flips == 0
    assert small.test(text, let={"bar": 0.7}).totals.flips > 0

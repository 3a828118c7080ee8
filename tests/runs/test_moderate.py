"""The main job: what a run folder holds, and that it holds together."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from tidegate.errors import InputError, RunError
from tidegate.runs.bench import Bench
from tidegate.runs.folder import RunFolder
from tidegate.runs.moderate import Job, moderate
from tidegate.runs.replay import differences, recorded
from tidegate.runs.why import why
from tidegate.tables import DECISIONS, ITEMS, TRUTH, Catalog, signals_table
from tidegate.warehouse import query


def test_the_tables_of_a_run_have_their_schemas_and_stand_side_by_side(run: RunFolder) -> None:
    items = pl.read_parquet(run.table("items"))
    decisions = pl.read_parquet(run.table("decisions"))
    signals = pl.read_parquet(run.table("signals"))
    asked = [spec for spec in recorded(run).catalog.detectors.values() if spec.status_column in signals]
    truth = pl.read_parquet(run.table("truth"))

    assert dict(items.schema) == ITEMS.schema
    assert dict(decisions.schema) == DECISIONS.schema
    assert dict(truth.schema) == TRUTH.schema
    assert dict(signals.schema) == signals_table(Catalog.of(*asked)).schema
    assert len(items) == 2_000
    for frame in (decisions, signals, truth):
        assert frame["item_id"].equals(items["id"].alias("item_id"))


def test_every_decision_has_a_chance_of_being_audited(run: RunFolder) -> None:
    decisions = pl.read_parquet(run.table("decisions"))
    assert decisions["audit_probability"].is_between(0, 1, closed="right").all()
    drawn, expected = decisions["audited"].sum(), decisions["audit_probability"].sum()
    spread = (decisions["audit_probability"] * (1 - decisions["audit_probability"])).sum() ** 0.5
    assert abs(drawn - expected) < 5 * spread


def test_the_summary_counts_what_the_tables_hold(run: RunFolder) -> None:
    summary = json.loads(run.summary.read_text())
    decisions = pl.read_parquet(run.table("decisions"))

    assert summary["items"] == 2_000
    assert summary["rejected"] == 0
    assert sum(summary["actions"].values()) == 2_000
    assert summary["actions"]["allow"] == (decisions["action"] == "allow").sum()
    assert summary["cost"]["ms"] == pytest.approx(decisions["cost_ms"].sum())
    assert summary["audit"]["drawn"] == decisions["audited"].sum()


def test_the_summary_gives_every_error_with_interval_labels_and_truth(run: RunFolder) -> None:
    summary = json.loads(run.summary.read_text())
    for error in ("leakage", "overkill"):
        for kind in ("rate", "share", "rate_by_views", "share_by_views"):
            figure = summary[error][kind]
            assert 0 <= figure["low"] <= figure["high"] <= 1
            assert figure["labels"] > 0
            assert figure["method"]
            assert 0 <= figure["truth"] <= 1
    assert set(summary["by"]) == {"policy", "language"}
    assert set(summary["by"]["language"]) >= {"en", "zh"}


def test_true_rates_are_those_of_the_tables(run: RunFolder) -> None:
    summary = json.loads(run.summary.read_text())
    decided = pl.read_parquet(run.table("decisions")).join(pl.read_parquet(run.table("truth")), on="item_id")
    passed = decided.filter(pl.col("action") == "allow")
    actioned = decided.filter(~pl.col("action").is_in(["allow", "review"]))
    assert summary["leakage"]["rate"]["truth"] == pytest.approx(passed["violates"].mean())
    assert summary["leakage"]["share"]["truth"] == pytest.approx(
        passed["violates"].sum() / decided["violates"].sum()
    )
    assert summary["overkill"]["rate"]["truth"] == pytest.approx(1 - actioned["violates"].mean())


def test_review_sheet_lists_what_is_held_and_audit_sheet_is_blind(run: RunFolder) -> None:
    decisions = pl.read_parquet(run.table("decisions"))
    review, audit = pl.read_csv(run.review), pl.read_csv(run.audit, infer_schema=False)

    held = decisions.filter(pl.col("action") == "review")["item_id"]
    assert set(review["item_id"]) == set(held)
    assert review["rule"].null_count() == 0
    assert review["reason"].is_null().all()  # no detector failed
    assert set(audit["item_id"]) == set(decisions.filter("audited")["item_id"])
    told = {"action", "rule", "queue", "reason", "values", "strategy", "text.max_risk", "audit_probability"}
    assert not told & set(audit.columns)
    assert {"violates", "policy", "labeller"} <= set(audit.columns)


def test_replay_finds_no_difference(run: RunFolder) -> None:
    assert pl.concat(differences(recorded(run))).is_empty()


def test_replay_finds_a_decision_that_was_tampered_with(run: RunFolder, tmp_path: Path) -> None:
    copy = RunFolder(tmp_path / "copy")
    shutil.copytree(run.root, copy.root)
    decisions = pl.read_parquet(copy.table("decisions"))
    victim = decisions.filter(pl.col("action") == "allow")["item_id"][0]
    action = pl.when(pl.col("item_id") == victim).then(pl.lit("remove")).otherwise("action")
    decisions.with_columns(action=action).write_parquet(copy.table("decisions"))

    found = pl.concat(differences(recorded(copy)))

    assert found.rows() == [(victim, "action", "remove", "allow")]


def test_replay_finds_a_chance_of_being_audited_that_was_tampered_with(
    run: RunFolder, tmp_path: Path
) -> None:
    copy = RunFolder(tmp_path / "copy")
    shutil.copytree(run.root, copy.root)
    decisions = pl.read_parquet(copy.table("decisions"))
    lowered = pl.col("audit_probability") * 0.999
    decisions.with_columns(audit_probability=lowered).write_parquet(copy.table("decisions"))
    found = pl.concat(differences(recorded(copy)))
    assert set(found["column"]) >= {"audit_probability"}
    assert found.filter(pl.col("column") == "audit_probability").height == len(decisions)


def test_a_run_that_was_changed_afterwards_is_refused(run: RunFolder, tmp_path: Path) -> None:
    for name, change in {
        "decisions.parquet": lambda path: pl.read_parquet(path).head(-10).write_parquet(path),
        "signals.parquet": lambda path: path.write_bytes(path.read_bytes()[:1000]),
        "items.parquet": lambda path: path.unlink(),
        "strategy.yaml": lambda path: path.write_text(
            path.read_text().replace("then: remove", "then: label", 1)
        ),
        "run.json": lambda path: path.write_text("[]"),
        "truth.parquet": lambda path: pl.read_parquet(path).drop("policy").write_parquet(path),
    }.items():
        copy = RunFolder(tmp_path / name)
        shutil.copytree(run.root, copy.root)
        change(copy.root / name)
        with pytest.raises(RunError) as told:
            recorded(copy)
        assert name in str(told.value.where)
        assert told.value.remedy


def test_a_decision_whose_values_are_damaged_is_not_explained(run: RunFolder, tmp_path: Path) -> None:
    copy = RunFolder(tmp_path / "copy")
    shutil.copytree(run.root, copy.root)
    decisions = pl.read_parquet(copy.table("decisions"))
    decisions.with_columns(values=pl.lit("{")).write_parquet(copy.table("decisions"))
    with pytest.raises(RunError, match="is damaged"):
        why(copy, decisions["item_id"][0])


@pytest.mark.parametrize("name", ["run [1]", "run*x", "what?"])
def test_a_folder_may_be_called_like_a_pattern(name: str, bench: Bench, tmp_path: Path) -> None:
    posts, other = tmp_path / "posts.csv", RunFolder(tmp_path / "runAx")
    posts.write_text("id,text\na,A walk in the park.\nb,Tea at four.\n")
    moderate(Job([str(posts)], other.root), bench)
    out = RunFolder(tmp_path / name)
    assert moderate(Job([str(posts)], out.root), bench)["items"] == 2
    assert pl.concat(differences(recorded(out))).is_empty()
    assert query(out.root, "select count(*) from items").item() == 2


def test_truth_that_is_partly_unknown_speaks_of_the_same_items_as_the_estimate(
    bench: Bench, posts: Path, tmp_path: Path
) -> None:
    # Known for all that violates, and for one in ten of the rest, as where only reports were looked at.
    known = "case when violates or hash(id) % 10 = 0 then violates end"
    summary = moderate(Job([str(posts)], tmp_path / "run", truth=known), bench)
    assert summary["truth_unknown"] > 1_000
    for error in ("leakage", "overkill"):
        for kind in ("rate", "share"):
            figure = summary[error][kind]
            assert figure["low"] <= figure["truth"] <= figure["high"], (error, kind)


def test_batch_size_changes_nothing(run: RunFolder, posts: Path, bench: Bench, tmp_path: Path) -> None:
    other = tmp_path / "other"
    moderate(Job([str(posts)], other, truth="violates", truth_policy="policy", batch_rows=2_000), bench)
    for table in ("decisions", "items", "signals"):
        assert pl.read_parquet(run.table(table)).equals(pl.read_parquet(RunFolder(other).table(table)))


def test_an_output_folder_in_use_is_left_alone(bench: Bench, posts: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    with pytest.raises(RunError, match="the output folder is not empty"):
        moderate(Job([str(posts)], tmp_path), bench)
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


def test_input_that_cannot_be_read_leaves_no_folder_behind(bench: Bench, tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    with pytest.raises(InputError):
        moderate(Job([str(empty)], tmp_path / "run"), bench)
    assert not (tmp_path / "run").exists()

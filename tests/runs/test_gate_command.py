"""`tidegate gate` on real runs: what it says, and how it leaves."""

from __future__ import annotations

import json
import re
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from tidegate.cli.commands.gate import command
from tidegate.errors import MeasureError, RunError
from tidegate.runs.bench import Bench, set_up
from tidegate.runs.folder import RunFolder
from tidegate.runs.moderate import Job, moderate

ADVANCE, HOLD, ROLL_BACK = 0, 4, 5


@pytest.fixture(scope="module")
def labels(run: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The truth of the run's audit sample."""
    path = tmp_path_factory.mktemp("labels") / "labels.csv"
    audited = pl.read_parquet(run.table("decisions"))["audited"]
    known = pl.read_parquet(run.table("truth")).filter(audited).drop_nulls("violates")
    known.select("item_id", "violates").write_csv(path)
    return path


def decided_by(text: str, posts: Path, folder: Path, arm: str) -> RunFolder:
    path = folder / "strategy.yaml"
    path.write_text(re.sub(r"audit: .*", "audit: 0.25", text), encoding="utf-8")
    moderate(
        Job([str(posts)], folder / "run", truth="violates", truth_policy="policy", arm=arm), set_up(str(path))
    )
    return RunFolder(folder / "run")


@pytest.fixture(scope="module")
def strict(quick: Bench, posts: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """The starter strategy on the quick model, every decision audited with the same probability."""
    text = quick.strategy.text
    return decided_by(text, posts, tmp_path_factory.mktemp("strict"), "current")


@pytest.fixture(scope="module")
def lenient(quick: Bench, posts: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """The same posts, decided by a strategy that removes nothing."""
    text = quick.strategy.text.replace("version: 1", "version: 2")
    text = text.replace("then: remove", "then: allow")
    return decided_by(text, posts, tmp_path_factory.mktemp("lenient"), "lenient")


@pytest.fixture(scope="module")
def cautious(quick: Bench, posts: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """The same posts, decided by a strategy that has people look at what the starter strategy removes."""
    text = quick.strategy.text.replace("version: 1", "version: 3")
    text = text.replace("then: remove", "then: review")
    return decided_by(text, posts, tmp_path_factory.mktemp("cautious"), "cautious")


def tidegate_gate(*arguments: str | Path | float) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(
        command, [str(a) for a in arguments], catch_exceptions=False
    )


def test_a_limit_that_is_kept_advances(run: RunFolder, labels: Path) -> None:
    done = tidegate_gate(run.root, "--labels", labels, "--leakage-at-most", 0.4)
    assert done.exit_code == ADVANCE
    assert done.stdout.startswith("ADVANCE: every limit is kept")
    assert "evidence that the limit is kept" in done.stdout


def test_a_limit_that_is_broken_rolls_back(run: RunFolder, tmp_path: Path) -> None:
    audited = pl.read_parquet(run.table("decisions")).filter("audited")
    path = tmp_path / "labels.csv"
    audited.select("item_id", violates=pl.lit("yes")).write_csv(path)
    done = tidegate_gate(run.root, "--labels", path, "--leakage-at-most", 0.02)
    assert done.exit_code == ROLL_BACK
    assert done.stdout.startswith("ROLL BACK: leakage rate above the limit")


def test_without_labels_the_truth_of_the_drawn_items_serves(run: RunFolder, labels: Path) -> None:
    ask = (run.root, "--leakage-at-most", 0.4, "--json")
    told = tidegate_gate(*ask)
    assert told.exit_code == ADVANCE
    assert "By the runs' truth" in told.stderr
    assert told.stdout == tidegate_gate(*ask, "--labels", labels).stdout


def test_without_labels_or_truth_it_holds(posts: Path, bench: Bench, tmp_path: Path) -> None:
    untold = RunFolder(tmp_path / "run")
    moderate(Job([str(posts)], untold.root), bench)
    done = tidegate_gate(untold.root, "--leakage-at-most", 0.02, "--overkill-at-most", 0.05)
    assert done.exit_code == HOLD
    assert "no answer yet on overkill rate and leakage rate" in done.stdout
    assert "has a label yet" in done.stdout


def test_half_of_the_labels_wait_for_the_rest(run: RunFolder, labels: Path, tmp_path: Path) -> None:
    half = tmp_path / "half.csv"
    pl.read_csv(labels).sort("item_id").gather_every(2).write_csv(half)
    found = json.loads(tidegate_gate(run.root, "--labels", half, "--leakage-at-most", 0.02, "--json").stdout)
    (finding,) = found["findings"]
    assert found["call"] == "hold"
    assert finding["awaited"] > 0
    assert finding["labels"] > 0


def test_json_is_the_same_every_time(run: RunFolder, labels: Path) -> None:
    ask = (run.root, "--labels", labels, "--overkill-at-most", 0.1, "--json")
    assert tidegate_gate(*ask).stdout == tidegate_gate(*ask).stdout


def test_an_arm_against_the_current_strategy(strict: RunFolder, lenient: RunFolder, tmp_path: Path) -> None:
    people = tmp_path / "labels.csv"
    pl.read_parquet(strict.table("truth")).drop_nulls("violates").select("item_id", "violates").write_csv(
        people
    )
    ask = (
        lenient.root,
        "--labels",
        people,
        "--against",
        strict.root,
        "--leakage-rises-at-most",
        0.0,
        "--json",
    )
    (finding,) = json.loads(tidegate_gate(*ask).stdout)["findings"]
    assert finding["measure"] == "leakage_change"
    assert finding["labels"] > 0
    assert finding["estimate"] > 0


def test_disagreements_can_be_drawn_and_labelled_alone(
    strict: RunFolder, lenient: RunFolder, tmp_path: Path
) -> None:
    """Given two strategies that disagree, the sheet holds what they disagree on, and no more."""
    sheet = tmp_path / "to-label.csv"
    ask = (lenient.root, "--against", strict.root, "--leakage-rises-at-most", 0.0, "--disagreement-rate", 1.0)
    done = tidegate_gate(*ask, "--awaited", sheet)
    assert done.exit_code == HOLD
    asked = pl.read_csv(sheet)
    before, after = (
        pl.read_parquet(one.table("decisions"), columns=["item_id", "action"]) for one in (strict, lenient)
    )
    removed = before.filter(before["action"] != after["action"])
    assert sorted(asked["item_id"]) == sorted(removed["item_id"])
    assert not {"action", "rule", "audit_probability"} & set(asked.columns)

    known = pl.read_parquet(strict.table("truth"))
    asked.select("item_id").join(known, on="item_id").select("item_id", "violates").write_csv(sheet)
    found = json.loads(tidegate_gate(*ask, "--labels", sheet, "--json").stdout)["findings"][0]
    assert found["awaited"] == 0
    assert found["labels"] == len(removed)
    truth = known.filter(pl.col("item_id").is_in(removed["item_id"].implode()))["violates"].mean()
    assert found["estimate"] == pytest.approx(truth * len(removed) / 2_000)


def test_a_smaller_draw_of_disagreements_lies_within_a_larger(
    strict: RunFolder, lenient: RunFolder, tmp_path: Path
) -> None:
    drawn = []
    for rate in (0.3, 0.7):
        sheet = tmp_path / f"{rate}.csv"
        tidegate_gate(
            strict.root, "--against", lenient.root, "--overkill-rises-at-most", 0.0,
            "--disagreement-rate", rate, "--awaited", sheet,
        )  # fmt: skip
        drawn.append(set(pl.read_csv(sheet)["item_id"]))
    assert drawn[0] < drawn[1]


def test_a_rise_needs_something_to_rise_over(run: RunFolder, labels: Path) -> None:
    with pytest.raises(MeasureError, match="was not given"):
        tidegate_gate(run.root, "--labels", labels, "--overkill-rises-at-most", 0.0)


def test_strategies_that_agree_hold_and_say_so(run: RunFolder, labels: Path) -> None:
    ask = (run.root, "--against", run.root, "--overkill-rises-at-most", 0.0, "--leakage-rises-at-most", 0.001)
    done = tidegate_gate(*ask, "--labels", labels)
    assert done.exit_code == HOLD
    assert "do not differ in overkill" in done.stdout
    assert "do not differ in leakage" in done.stdout


def test_a_rise_beyond_all_disagreements_ends_with_a_verdict(
    strict: RunFolder, lenient: RunFolder, labels: Path
) -> None:
    ask = (lenient.root, "--against", strict.root, "--leakage-rises-at-most", 0.9, "--labels", labels)
    done = tidegate_gate(*ask)
    assert done.exit_code == HOLD
    assert "no label can show a change beyond that" in " ".join(done.stdout.split())


def test_strategies_that_agree_leave_nothing_to_label(run: RunFolder, tmp_path: Path) -> None:
    ask = (run.root, "--against", run.root, "--overkill-rises-at-most", 0.0, "--disagreement-rate", 1.0)
    assert tidegate_gate(*ask, "--awaited", tmp_path / "sheet.csv").exit_code == HOLD
    assert pl.read_csv(tmp_path / "sheet.csv").is_empty()


def test_strategies_that_differ_in_one_error_are_judged_on_it(
    strict: RunFolder, cautious: RunFolder, tmp_path: Path
) -> None:
    """Given an arm that removes what the current strategy has reviewed, then it cannot leak more."""
    fine = tmp_path / "labels.csv"
    pl.read_parquet(strict.table("decisions")).select("item_id", violates=pl.lit("no")).write_csv(fine)
    ask = (strict.root, "--against", cautious.root, "--disagreement-rate", 1.0, "--labels", fine, "--json")
    done = tidegate_gate(*ask, "--leakage-rises-at-most", 0.0, "--overkill-rises-at-most", 0.0)
    found = {one["measure"]: one for one in json.loads(done.stdout)["findings"]}
    assert done.exit_code == ROLL_BACK
    assert found["overkill_change"]["call"] == "roll back"
    assert found["leakage_change"]["call"] == "hold"
    assert "do not differ in leakage" in found["leakage_change"]["reasons"][0]


def test_a_split_is_checked_over_all_arms(run: RunFolder, labels: Path, tmp_path: Path, bench: Bench) -> None:
    """The run decided 2,000 posts, the other arm 100 on the same days: far from halves."""
    posts = tmp_path / "others.csv"
    times = pl.read_parquet(run.table("items"))["created_at"].gather_every(20)
    pl.DataFrame({"id": [f"other-{n}" for n in range(100)], "created_at": times}).with_columns(
        text=pl.lit("hello")
    ).write_csv(posts)
    moderate(Job([str(posts)], tmp_path / "other", arm="new"), bench)
    mine = pl.read_parquet(run.table("decisions"))["arm"][0]
    ask = [run.root, tmp_path / "other", "--labels", labels, "--leakage-at-most", 0.4, "--arm", mine]
    fair = tidegate_gate(*ask, "--split", f"{mine}={20 / 21}", "--split", f"new={1 / 21}")
    assert fair.exit_code == ADVANCE
    wrong = tidegate_gate(*ask, "--split", f"{mine}=0.5", "--split", "new=0.5")
    assert wrong.exit_code == HOLD
    assert "do not get the shares" in wrong.stdout


def test_several_arms_need_a_name(run: RunFolder, tmp_path: Path, bench: Bench) -> None:
    posts = tmp_path / "others.csv"
    pl.DataFrame({"id": ["other"], "text": ["hello"]}).write_csv(posts)
    moderate(Job([str(posts)], tmp_path / "other", arm="new"), bench)
    with pytest.raises(MeasureError, match="more than one arm"):
        tidegate_gate(run.root, tmp_path / "other", "--leakage-at-most", 0.1)


def test_the_same_run_twice_is_refused(run: RunFolder) -> None:
    with pytest.raises(RunError, match="decided in two of the runs"):
        tidegate_gate(run.root, run.root, "--leakage-at-most", 0.1)


def test_labels_of_other_items_are_refused(run: RunFolder, tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("item_id,violates\nnobody,yes\n", encoding="utf-8")
    with pytest.raises(MeasureError, match="none of these labels"):
        tidegate_gate(run.root, "--labels", path, "--leakage-at-most", 0.1)


def test_a_gate_without_a_limit_is_refused(run: RunFolder) -> None:
    with pytest.raises(MeasureError, match="no limit"):
        tidegate_gate(run.root)


@pytest.mark.parametrize("bounds", ["good", "0.9-x"])
def test_bounds_that_cannot_be_read_are_refused(run: RunFolder, bounds: str) -> None:
    done = tidegate_gate(run.root, "--leakage-at-most", 0.1, "--sensitivity", bounds)
    assert done.exit_code == 2
    assert "is not LOW-HIGH" in done.stderr


def test_an_arm_without_traffic_holds(run: RunFolder) -> None:
    split = ("--arm", "new", "--split", "new=0.1", "--split", "current=0.9")
    done = tidegate_gate(run.root, "--leakage-at-most", 0.1, *split)
    assert done.exit_code == HOLD
    assert "no traffic" in done.stdout
    assert "do not get the shares" in done.stdout
    with pytest.raises(MeasureError, match="there is no arm 'nwe'"):
        tidegate_gate(run.root, "--leakage-at-most", 0.1, "--arm", "nwe")

"""`tidegate causes` on a real run: a planted cause is found, in permuted errors none; changes are checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner, Result

from tidegate.cli.commands.causes import command
from tidegate.errors import MeasureError, RunError
from tidegate.runs.causes.conditions import with_rule
from tidegate.runs.causes.labelled import labelled
from tidegate.runs.causes.suggest import Suggestion
from tidegate.runs.causes.words import trade
from tidegate.runs.folder import RunFolder
from tidegate.runs.replay import recorded
from tidegate.strategy import load_strategy

PLANTED = "surface is comment"


def tidegate_causes(*arguments: str | Path) -> Result:
    return CliRunner(env={"COLUMNS": "250"}).invoke(
        command, [str(a) for a in arguments], catch_exceptions=False
    )


def audited(run: RunFolder) -> pl.DataFrame:
    decisions = pl.read_parquet(run.table("decisions"), columns=["item_id", "action", "audited"])
    items = pl.read_parquet(run.table("items"), columns=["surface"])
    return pl.concat([decisions, items], how="horizontal").filter("audited")


@pytest.fixture(scope="module")
def labels(run: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Comments that passed violate far more often than all else."""
    sample, rng = audited(run), np.random.default_rng(2)
    comments = (sample["surface"] == "comment").fill_null(False).to_numpy()
    violates = rng.random(len(sample)) < np.where(comments, 0.6, 0.03)
    path = tmp_path_factory.mktemp("labels") / "labels.csv"
    sample.select("item_id", violates=pl.Series(violates)).write_csv(path)
    return path


@pytest.fixture(scope="module")
def leakage(run: RunFolder, labels: Path) -> dict[str, Any]:
    done = tidegate_causes(run.root, "--labels", labels, "--json")
    assert done.exit_code == 0
    found: dict[str, Any] = json.loads(done.stdout)["errors"][0]
    return found


def test_a_planted_cause_is_told_first(run: RunFolder, leakage: dict[str, Any]) -> None:
    first = leakage["causes"]["findings"][0]
    assert (leakage["error"], first["description"], first["proven"]) == ("leakage", PLANTED, True)
    assert first["low"] > 1
    ids = pl.read_parquet(run.table("items")).filter(surface="comment")["id"].to_list()
    assert set(first["examples"]) <= set(ids)


def test_its_rule_loads_and_lets_less_through(
    run: RunFolder, leakage: dict[str, Any], tmp_path: Path
) -> None:
    rule = next(one for one in leakage["suggestions"] if one["finding"] == 0)
    assert "item.surface = 'comment'" in rule["yaml"]
    share = next(row for row in rule["effects"] if row["measure"] == "leakage_share")
    assert share["high"] < 0
    assert rule["reviews_after"] > rule["reviews_before"]
    made = recorded(run)
    text = with_rule(made.strategy, rule["yaml"], first=False)
    path = tmp_path / "with-rule.yaml"
    path.write_text(text, encoding="utf-8")
    loaded = load_strategy(
        path, catalog=made.catalog, ladder=made.ladder, policies=set(made.manifest["policies"])
    )
    assert [one.id for one in loaded.rules][-2:] == ["leakage-slice-1", "otherwise"]


def effect(measure: str, estimate: float, exactly: float | None = None) -> dict[str, Any]:
    """Of a change in items; half and twice the estimate are its limits."""
    low, high = sorted((estimate / 2, 2 * estimate))
    row = {"estimate": estimate, "low": low, "high": high, "truth": exactly}
    return {"measure": measure, **row, **{f"items_{name}": value for name, value in row.items()}}


def moved(*effects: dict[str, Any]) -> Suggestion:
    return Suggestion(None, "overkill", "Move fine from 0.15 to 0.36", "let: {fine: 0.36}", effects, 5.0, 4.0)


def test_a_change_that_trades_one_error_for_the_other_says_how_many_items_either_way() -> None:
    said = trade(moved(effect("leakage_share", 14.0), effect("overkill_share", -2.0)))
    assert said == (
        "This trades one error for the other: about 14 (7 to 28) more items that leak "
        "for about 2 (1 to 4) fewer fine ones stopped."
    )
    exact = trade(moved(effect("leakage_share", 9.0, 14.0), effect("overkill_share", -1.0, -2.0)))
    assert exact is not None
    assert "14 more items that leak for 2 fewer fine ones stopped" in exact
    assert trade(moved(effect("leakage_share", 0.0), effect("overkill_share", -2.0))) is None
    assert trade(moved(effect("leakage_share", 3.0, 0.0), effect("overkill_share", -2.0, -2.0))) is None


def test_effects_are_told_in_items_of_the_whole_run(
    run: RunFolder, labels: Path, leakage: dict[str, Any]
) -> None:
    made = recorded(run)
    possible = labelled(made, labels).errors_possible()
    assert sum(possible.values()) == pytest.approx(len(pl.read_parquet(run.table("decisions"))))
    for one in leakage["suggestions"]:
        for row in one["effects"]:
            error = row["measure"].removesuffix("_share")
            assert row["items_estimate"] == pytest.approx(row["estimate"] * possible[error])
    truth = labelled(made, None)
    assert truth.errors_possible()["leakage"] == pytest.approx(truth.items["violates"].sum())


def test_permuted_errors_have_no_cause(run: RunFolder, labels: Path, tmp_path: Path) -> None:
    told = pl.read_csv(labels)
    path = tmp_path / "permuted.csv"
    told.with_columns(told["violates"].shuffle(seed=4)).write_csv(path)
    done = tidegate_causes(run.root, "--labels", path, "--json", "--no-changes")
    assert not any(
        one["proven"] for error in json.loads(done.stdout)["errors"] for one in error["causes"]["findings"]
    )


def test_without_labels_it_goes_by_the_truth_and_says_so(run: RunFolder) -> None:
    done = tidegate_causes(run.root, "--by", "language,surface", "--no-changes")
    assert done.exit_code == 0
    assert "By the run's truth of all items." in done.stdout


def test_the_report_stands_alone_and_shows_no_text(run: RunFolder, labels: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    done = tidegate_causes(
        run.root, "--labels", labels, "--by", "surface,language", "--no-changes", "--html", page
    )
    assert done.exit_code == 0
    text = page.read_text(encoding="utf-8")
    assert "Where do we leak?" in text
    assert "What would fix it?" in text
    assert PLANTED in text
    assert '<small class="proven">proven</small>' in text
    assert "<details><summary>Examples to look at</summary>" in text
    assert "<script" not in text
    assert "http" not in text.replace("http-equiv", "")
    posts = pl.read_parquet(run.table("items"))["text"].drop_nulls().to_list()
    assert not any(post in text for post in posts if len(post) > 20)


def test_an_unknown_field_is_named(run: RunFolder) -> None:
    with pytest.raises(MeasureError, match="no field 'langage'"):
        tidegate_causes(run.root, "--by", "langage")


def test_a_folder_that_is_not_there_is_said_before_the_work(run: RunFolder, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="does not exist"):
        tidegate_causes(run.root, "--html", tmp_path / "none" / "report.html")

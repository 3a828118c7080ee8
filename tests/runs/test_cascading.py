"""tidegate cascade curve: from a file of scores to rules that judge as few items as they were told."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner, Result
from tests.signals.judge.conftest import write_policy
from tests.signals.judge.serving import Connection, Request, answer, completion, item_in, serving, verdict

from tidegate.cli.main import tidegate_command
from tidegate.errors import MeasureError, RunError

HARSH = ("stupid", "awful", "dreadful", "silly")


def tidegate(*arguments: str) -> Result:
    return CliRunner().invoke(tidegate_command, list(arguments), catch_exceptions=False)


def write_scores(path: Path, n: int = 1_200, seed: int = 2) -> pl.DataFrame:
    chance = np.random.default_rng(seed)
    truth = chance.uniform(size=n) < 0.3
    frame = pl.DataFrame(
        {
            "item_id": [f"p{place}" for place in range(n)],
            "text.hate": np.clip(0.6 * truth + chance.normal(0.2, 0.15, n), 0, 1),
            "text.harassment": np.clip(0.3 * truth + chance.normal(0.3, 0.2, n), 0, 1),
            "judge.violates": np.where(chance.uniform(size=n) < 0.92, truth, ~truth),
            "judge.cost": np.full(n, 0.002),
            "truth": truth,
        }
    )
    frame.drop("truth").write_parquet(path)
    return frame


def test_the_curve_says_what_is_kept_and_what_it_costs(tmp_path: Path) -> None:
    frame = write_scores(tmp_path / "s.parquet")
    labels = tmp_path / "labels.csv"
    frame.select("item_id", violates="truth").write_csv(labels)
    arguments = ("cascade", "curve", str(tmp_path / "s.parquet"), "--filter", "text.hate,text.harassment")
    arguments += ("--labels", str(labels))
    found = json.loads(tidegate(*arguments, "--json").output)
    blend = next(row for row in found["curve"] if row["way"] == "blend" and row["allowed"] == 0.1)
    assert blend["of_judge"] > 0.97
    assert blend["judged"] < 0.14
    assert found["price"] == pytest.approx(0.002)
    assert found["tuning"] + found["tried"] == 1_200
    shown = tidegate(*arguments, "--out", str(tmp_path / "curve.svg")).output
    assert "US dollars a thousand items, not 2.000" in shown
    assert "surely-fine" in shown
    assert (tmp_path / "curve.svg").read_text(encoding="utf-8").startswith("<svg")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--filter", "text.hatte"], "there is no signal 'text.hatte'\n  → Did you mean 'text.hate'?"),
        (["--filter", "text.hate", "--judge", "text.hate"], "text.hate is no verdict"),
        (["--filter", "judge.violates"], "judge.violates is no number"),
        (["--filter", ","], "a cascade needs a filter"),
    ],
)
def test_what_cannot_be_drawn_is_said(tmp_path: Path, arguments: list[str], message: str) -> None:
    write_scores(tmp_path / "s.parquet")
    with pytest.raises(MeasureError) as caught:
        tidegate("cascade", "curve", str(tmp_path / "s.parquet"), *arguments)
    assert message in str(caught.value)


def test_too_few_items_and_a_picture_of_no_kind_are_refused(tmp_path: Path) -> None:
    write_scores(tmp_path / "s.parquet", 120)
    with pytest.raises(MeasureError, match="too few"):
        tidegate("cascade", "curve", str(tmp_path / "s.parquet"), "--filter", "text.hate")
    with pytest.raises(RunError, match="SVG, PNG or HTML"):
        tidegate(
            *("cascade", "curve", str(tmp_path / "s.parquet"), "--filter", "text.hate", "--out", "c.gif")
        )


def curve_of(tmp_path: Path, *more: str) -> Result:
    return tidegate("cascade", "curve", str(tmp_path / "s.parquet"), "--filter", "text.hate", *more)


def labelled(tmp_path: Path, violates: pl.Expr, **scores: pl.Expr) -> Path:
    """Scores, changed so, and what people said of them."""
    frame = write_scores(tmp_path / "s.parquet", 3_000).with_columns(**scores)
    frame.drop("truth").write_parquet(tmp_path / "s.parquet")
    frame.select("item_id", violates=violates).write_csv(tmp_path / "labels.csv")
    return tmp_path / "labels.csv"


def test_a_rule_that_acts_by_itself_is_printed_where_it_is_right_as_often_as_the_judge(
    tmp_path: Path,
) -> None:
    # People call violating exactly what the filter is surest of; the judge errs here and there.
    sure = pl.col("text.hate") > 0.5
    labels = labelled(tmp_path, sure, **{"judge.violates": sure ^ (pl.col("text.harassment") > 0.65)})
    shown = curve_of(tmp_path, "--labels", str(labels)).output
    assert "surely-violating, when:" in shown
    assert "surely-violating acts on " in shown
    assert "of items by itself, and is right about 100.0% of them (" in shown
    found = json.loads(curve_of(tmp_path, "--labels", str(labels), "--json").output)
    assert found["surely"]["why_not"] is None
    assert found["surely"]["precision"]["low"] >= found["surely"]["judge"]


def test_a_rule_that_is_wrong_more_often_than_the_judge_is_not_printed(tmp_path: Path) -> None:
    labels = labelled(tmp_path, pl.col("truth"))
    frame = pl.read_parquet(tmp_path / "s.parquet")
    chance = np.random.default_rng(5)
    bad = frame.with_columns(pl.Series("text.hate", chance.uniform(size=len(frame))))
    bad.write_parquet(tmp_path / "s.parquet")
    found = json.loads(curve_of(tmp_path, "--labels", str(labels), "--json").output)
    assert found["surely"]["precision"]["low"] < found["surely"]["judge"]
    assert "surely-violating" not in found["rules"]
    assert ":sure" not in found["rules"]
    shown = curve_of(tmp_path, "--labels", str(labels)).output
    assert "No rule acts without the judge on the " in shown
    assert "which is not known to be as often as the judge (" in shown
    assert (
        f"So the judge is asked about these too: about {found['surely']['judged']:.1%} of all items" in shown
    )


def test_a_rule_that_meets_nothing_is_not_printed(tmp_path: Path) -> None:
    # Where everything may be judged, the band reaches up to the highest score.
    labels = labelled(tmp_path, pl.col("truth"), **{"text.hate": pl.col("text.hate").clip(0, 0.7)})
    shown = curve_of(tmp_path, "--labels", str(labels), "--at-most", "1").output
    assert (
        "on the 0.0% of items with the highest scores: it meets none of the items that it was tried" in shown
    )
    assert "surely-violating" not in shown


def test_without_labels_no_rule_acts_without_the_judge(tmp_path: Path) -> None:
    write_scores(tmp_path / "s.parquet")
    shown = curve_of(tmp_path).output
    assert "no labels of people say how often it is right" in shown
    assert "surely-violating" not in shown
    surely = json.loads(curve_of(tmp_path, "--json").output)["surely"]
    # What is judged in its place is paid for too.
    assert surely["judged"] > 0.2
    assert f"judging costs {2 * surely['judged']:,.3f} US dollars a thousand items, not 2.000" in shown


def test_a_figure_that_there_is_not_is_null(tmp_path: Path) -> None:
    labels = labelled(tmp_path, pl.col("truth"), **{"judge.violates": pl.lit(False)})
    shown = curve_of(tmp_path, "--labels", str(labels), "--json").output
    assert "NaN" not in shown
    assert json.loads(shown)["surely"]["judge"] is None
    assert "surely-violating" not in json.loads(shown)["rules"]
    assert "nan" not in curve_of(tmp_path, "--labels", str(labels)).output.split("With at most")[1]


def test_rules_file_each_act_under_the_policy_that_the_judge_found_violated(tmp_path: Path) -> None:
    which = pl.when(pl.col("text.harassment") > 0.5).then(pl.lit("rude")).otherwise(pl.lit("hateful"))
    labelled(tmp_path, pl.col("truth"), **{"judge.policy": pl.when("judge.violates").then(which)})
    rules = json.loads(curve_of(tmp_path, "--json").output)["rules"]
    assert (
        "{id: judged-rude, when: \"judge.violates and judge.policy = 'rude'\", then: remove, policy: rude}"
    ) in rules
    assert "judged-hateful" in rules
    assert "{id: judged-otherwise, when: judge.violates, then: review}" in rules
    of_one = json.loads(curve_of(tmp_path, "--policy", "rude", "--json").output)["rules"]
    assert "judged-rude" in of_one
    assert "hateful" not in of_one
    labels = labelled(tmp_path, pl.col("truth"), **{"judge.policy": pl.when("judge.violates").then(which)})
    shown = curve_of(tmp_path, "--labels", str(labels)).output
    assert "surely-violating, when:" in shown
    assert "Name its policy before you paste it" in shown
    with pytest.raises(MeasureError, match="the judge found no item to violate 'rud'") as caught:
        curve_of(tmp_path, "--policy", "rud")
    assert "Did you mean 'rude'?" in str(caught.value)


def test_what_violates_another_policy_than_the_one_found_is_seen_by_people(tmp_path: Path) -> None:
    one = pl.when("judge.violates").then(pl.lit("rude"))
    labelled(tmp_path, pl.col("truth"), **{"judge.policy": one})
    rules = json.loads(curve_of(tmp_path, "--json").output)["rules"]
    assert "judge.violates and judge.policy = 'rude'\", then: remove, policy: rude}" in rules
    assert "{id: judged-otherwise, when: judge.violates, then: review}" in rules


def test_labels_of_several_policies_ask_for_one_and_contradictions_are_left_out(tmp_path: Path) -> None:
    labels = labelled(tmp_path, pl.col("truth"))
    frame = pl.read_csv(labels)
    one = frame.with_columns(policy=pl.lit("hateful"))
    other = frame.head(50).with_columns(policy=pl.lit("rude"))
    against = one.head(7).with_columns(violates=~pl.col("violates"))
    pl.concat([one, other, against]).write_csv(labels)
    with pytest.raises(MeasureError, match="these labels name several policies") as caught:
        curve_of(tmp_path, "--labels", str(labels))
    assert "Say with --policy which: hateful, rude, or any" in str(caught.value)
    shown = curve_of(tmp_path, "--labels", str(labels), "--policy", "hateful").output
    assert "left out: 7 items with as many labels that say yes as no" in shown
    assert "left out: 50 labels of other policies: rude (50)" in shown
    assert "then: remove, policy: hateful}" in shown
    found = json.loads(curve_of(tmp_path, "--labels", str(labels), "--policy", "hateful", "--json").output)
    assert found["tuning"] + found["tried"] == 3_000 - 7


@pytest.mark.parametrize(
    "content", [b"item_id,text.hate\na,0.3\n", b"", b"PAR1 and no more"], ids=["csv", "empty", "damaged"]
)
def test_what_score_did_not_write_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "s.parquet").write_bytes(content)
    with pytest.raises(MeasureError) as caught:
        curve_of(tmp_path)
    assert "s.parquet: this is not a file that `tidegate score` wrote\n  → Give the Parquet file" in str(
        caught.value
    )


def test_a_table_of_something_else_is_no_file_of_scores(tmp_path: Path) -> None:
    pl.DataFrame({"text.hate": [0.5]}).write_parquet(tmp_path / "s.parquet")
    with pytest.raises(MeasureError, match="this is not a file that `tidegate score` wrote"):
        curve_of(tmp_path)


def test_just_enough_items_that_a_hash_parts_unevenly_are_told_how_many_help(tmp_path: Path) -> None:
    write_scores(tmp_path / "s.parquet", 200)
    with pytest.raises(MeasureError) as caught:
        curve_of(tmp_path)
    assert "200 items with a verdict are too few: a hash of their ids lets " in str(caught.value)
    assert "Either half needs 100: score 300 or more" in str(caught.value)


def test_a_label_that_is_of_no_item_is_counted_where_too_few_are_left(tmp_path: Path) -> None:
    write_scores(tmp_path / "s.parquet", 400)
    (tmp_path / "labels.csv").write_text("item_id,violates\nelsewhere,yes\np1,yes\n", encoding="utf-8")
    with pytest.raises(MeasureError) as caught:
        curve_of(tmp_path, "--labels", str(tmp_path / "labels.csv"))
    assert "Left out are 1 labelled item that no post is." in str(caught.value)


def test_a_chart_that_exists_is_not_drawn_over(tmp_path: Path) -> None:
    write_scores(tmp_path / "s.parquet")
    (tmp_path / "curve.svg").write_text("mine", encoding="utf-8")
    with pytest.raises(RunError, match="the output file exists already"):
        curve_of(tmp_path, "--out", str(tmp_path / "curve.svg"))
    assert (tmp_path / "curve.svg").read_text(encoding="utf-8") == "mine"


def test_the_rules_judge_as_few_items_as_the_curve_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scores, curve, rules, run: with the embedded model as filter and a server as judge."""
    monkeypatch.chdir(tmp_path)
    write_policy(tmp_path / "policies")
    chance = np.random.default_rng(4)
    places = ("library", "market", "bakery", "station", "museum", "garden", "harbour", "school")

    def text(number: int) -> str:
        harsh = f"You are a {HARSH[number % 4]} person, said the {places[number % 8]}"
        mild = f"The {places[number % 8]} opens at {number % 24} for everybody"
        return (harsh if chance.uniform() < 0.4 else mild) + f", number {number}"

    def posts(name: str, n: int) -> None:
        rows = [{"id": f"{name}{place}", "text": text(place)} for place in range(n)]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def behave(connection: Connection, request: Request) -> None:
        item = item_in(request)
        guilty = any(word in item for word in HARSH[:3])
        said = answer(loud_music=verdict(guilty, evidence="You are" if guilty else ""))
        connection.respond(completion(said))

    posts("sample", 500)
    posts("traffic", 400)
    with serving(behave) as server:
        (tmp_path / "tidegate.toml").write_text(
            f'[detectors.quick]\n[detectors.judge]\nbase_url = "{server.url}"\nmodel = "m"\nsamples = 0\n'
        )
        assert tidegate("score", "sample.jsonl", "--out", "s.parquet").exit_code == 0
        curve = tidegate(
            *(
                "cascade",
                "curve",
                "s.parquet",
                "--filter",
                "quick.harassment,quick.hate",
                "--at-most",
                "0.15",
            ),
            "--json",
        )
        found = json.loads(curve.output)
        (tmp_path / "strategy.yaml").write_text(
            "strategy: cascade\nversion: 1\n" + found["rules"], encoding="utf-8"
        )
        before = len(server.requests)
        assert (
            tidegate("moderate", "traffic.jsonl", "--strategy", "strategy.yaml", "--out", "run").exit_code
            == 0
        )
        asked = len(server.requests) - before
    decisions = pl.read_parquet(tmp_path / "run" / "decisions.parquet")
    judged = decisions["detectors"].str.contains('"judge"').sum()
    # Nothing acts without the judge, as no labels prove it; the file says what is judged then.
    assert 0 < judged <= found["surely"]["judged"] * 400 * 1.35
    assert found["surely"]["judged"] < 0.7
    removed = decisions.filter(pl.col("action") == "remove")
    assert set(removed["policy"]) == {"loud-music"}
    explained = tidegate("explain", "run", removed["item_id"][0])
    assert "judge said: violates loud-music, by clause V1" in explained.output
    unasked = decisions.filter(~pl.col("detectors").str.contains('"judge"'))["item_id"][0]
    assert "judge said" not in tidegate("explain", "run", unasked).output
    # Texts that the sample had as well are answered from the store.
    assert 0 < asked <= judged

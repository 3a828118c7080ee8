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
        (tmp_path / "strategy.yaml").write_text(
            "strategy: cascade\nversion: 1\n" + json.loads(curve.output)["rules"], encoding="utf-8"
        )
        before = len(server.requests)
        assert (
            tidegate("moderate", "traffic.jsonl", "--strategy", "strategy.yaml", "--out", "run").exit_code
            == 0
        )
        asked = len(server.requests) - before
    decisions = pl.read_parquet(tmp_path / "run" / "decisions.parquet")
    judged = decisions["detectors"].str.contains('"judge"').sum()
    assert 0 < judged <= 0.15 * 400 * 1.35
    # Texts that the sample had as well are answered from the store.
    assert 0 < asked <= judged

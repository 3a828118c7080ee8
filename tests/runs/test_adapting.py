"""A platform's own labels teach the text-risk model, and only what has proved better is written."""

from itertools import product
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from tidegate.cli.main import tidegate_command
from tidegate.errors import TidegateError
from tidegate.policy.harms import HARM_KEYS
from tidegate.runs.adapting import labelled_texts
from tidegate.runs.workspace import lay_out
from tidegate.signals.text_risk.adapt import average_precision
from tidegate.signals.text_risk.weights import load_model

PLACES = (
    "market",
    "harbour",
    "school",
    "station",
    "library",
    "stadium",
    "bakery",
    "museum",
    "garden",
    "bridge",
)
THINGS = ("umbrella", "bicycle", "lamp", "violin", "jacket", "kettle", "map", "chair")
VERBS = ("found", "lost")


@pytest.fixture(scope="module")
def posts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Posts about things that were found or lost, some in winter and some in summer."""
    texts = [
        f"We {verb} a {thing} near the {place} last {season}."
        for verb, thing, place, season in product(VERBS, THINGS, PLACES, ("winter", "summer"))
    ]
    path = tmp_path_factory.mktemp("posts") / "posts.parquet"
    ids = [f"p{number}" for number in range(len(texts))]
    pl.DataFrame({"id": ids, "text": texts}).write_parquet(path)
    return path


def labels_of(posts: Path, violates: pl.Expr, to: Path) -> Path:
    frame = pl.read_parquet(posts).select(
        item_id="id", policy=pl.lit("harassment-bullying"), violates=violates
    )
    frame.write_csv(to)
    return to


def train(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(tidegate_command, ["train", *map(str, arguments)])
    return done.exit_code, done.output


@pytest.mark.parametrize("start", [(), ("--from-scratch",)], ids=["adapted", "from scratch"])
def test_what_a_platform_calls_harm_is_learned(posts: Path, start: tuple[str, ...], tmp_path: Path) -> None:
    labels = labels_of(posts, pl.col("text").str.contains("lost"), tmp_path / "labels.csv")
    status, output = train(posts, "--labels", labels, "--out", tmp_path / "mine", *start)
    assert status == 0, output
    assert "It has proved better on these labels." in output
    assert "then run `tidegate policy check`: golden cases were not tried." in output
    mine = load_model(tmp_path / "mine" / "text-risk.zip")
    lost, found = mine.probabilities(
        ["They lost a drum near the tower last winter.", "They found a drum near the tower last winter."]
    )[:, 2]
    assert lost > 0.5 > found
    # One half is an even chance by the platform's labels, wherever our own model decided.
    learned = mine.head.decision[:, 2], -mine.head.shift[:, 2] / mine.head.slope[:, 2]
    np.testing.assert_allclose(*learned, rtol=1e-5)


def test_a_model_that_learned_nothing_is_not_written(posts: Path, tmp_path: Path) -> None:
    by_chance = pl.Series(np.random.default_rng(2).random(len(pl.read_parquet(posts))) < 0.5)
    labels = labels_of(posts, pl.lit(by_chance), tmp_path / "labels.csv")
    status, output = train(posts, "--labels", labels, "--out", tmp_path / "mine")
    assert status == 1
    assert "nothing is written" in output
    assert not (tmp_path / "mine").exists()


def refused(*arguments: object) -> str:
    done = CliRunner().invoke(tidegate_command, ["train", *map(str, arguments)])
    assert isinstance(done.exception, TidegateError)
    return str(done.exception)


def test_too_few_labels_say_how_many_are_needed_and_what_was_left_out(posts: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text(
        "item_id,policy,violates\np1,harassment-bullying,yes\np2,,no\np3,,yes\np4,harassment-bulying,yes\n"
        "p5,harassment-bullying,yes\np5,harassment-bullying,no\nq1,harassment-bullying,yes\n",
        encoding="utf-8",
    )
    said = refused(posts, "--labels", labels, "--out", tmp_path / "mine")
    assert "no harm has labels enough" in said
    assert "20 of either in each of three parts" in said
    assert "There are harassment 1 and 1. Left out are " in said
    for one in (
        "1 label of an unknown policy: 'harassment-bulying' (Did you mean 'harassment-bullying'?)",
        "1 label that says yes and names no policy",
        "1 label of items that no post is",
        "1 text with as many labels that say yes as no",
    ):
        assert one in said
    assert not (tmp_path / "mine").exists()


def test_a_labeller_has_one_vote_and_may_take_it_back(posts: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text(
        "item_id,policy,violates,labeller,labelled_at\n"
        # Changed her mind; and two policies of one harm, one of which is violated.
        "p1,slurs,no,ann,2026-01-01\np1,slurs,yes,ann,2026-01-02\n"
        "p2,slurs,yes,ann,2026-01-01\np2,insults,no,ann,2026-01-01\n",
        encoding="utf-8",
    )
    taught = labelled_texts([posts], labels, {"slurs": "hate", "insults": "hate"})
    assert taught.labels[:, HARM_KEYS.index("hate")].tolist() == [1, 1]
    assert taught.left_out == []


def test_what_is_no_file_of_weights_is_said(posts: Path, tmp_path: Path) -> None:
    labels = labels_of(posts, pl.col("text").str.contains("lost"), tmp_path / "labels.csv")
    said = refused(posts, "--labels", labels, "--out", tmp_path / "mine", "--weights", labels)
    assert said.startswith(f"{labels}: these are no weights of the text-risk model\n  → Name a text-risk.zip")


def test_weights_that_exist_are_not_written_over(posts: Path, tmp_path: Path) -> None:
    labels = labels_of(posts, pl.col("text").str.contains("lost"), tmp_path / "labels.csv")
    for name in ("text-risk.zip", "quick-text.npz"):
        (tmp_path / name).write_text("mine", encoding="utf-8")
    for arguments in ([posts, "--labels", labels], ["--data", tmp_path]):
        assert "the output file exists already" in refused(*arguments, "--out", tmp_path)
    assert (tmp_path / "text-risk.zip").read_text(encoding="utf-8") == "mine"


def test_policies_that_share_an_adapted_harm_are_named(
    posts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out(tmp_path / "site")
    monkeypatch.chdir(tmp_path / "site")
    policy = Path("policies/harassment-bullying.md").read_text(encoding="utf-8")
    Path("policies/scams.md").write_text(
        policy.replace("id: harassment-bullying", "id: scams", 1), encoding="utf-8"
    )
    golden = Path("policies/golden/harassment-bullying.jsonl").read_text(encoding="utf-8")
    Path("policies/golden/scams.jsonl").write_text(
        golden.replace('"harassment-bullying-', '"scams-'), encoding="utf-8"
    )
    labels = labels_of(posts, pl.col("text").str.contains("lost"), tmp_path / "labels.csv")
    status, output = train(posts, "--labels", labels, "--out", tmp_path / "mine")
    assert status == 0, output
    assert "harassment is the harm of several policies, which it now judges alike: " in output
    assert "scams" in output


def test_posts_need_labels_and_labels_need_posts(posts: Path, tmp_path: Path) -> None:
    status, output = train(posts, "--out", tmp_path / "mine")
    assert status == 2
    assert "Give POSTS and --labels, or --data." in output


def test_average_precision_by_hand() -> None:
    y = np.array([1.0, 0, 1, 0])
    assert average_precision(y, np.array([4.0, 3, 2, 1])) == pytest.approx((1 + 2 / 3) / 2)
    # Equal scores share the precision at their end.
    assert average_precision(y, np.zeros(4)) == pytest.approx(0.5)

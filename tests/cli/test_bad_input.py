"""Bad input through the command itself: the status tells, the message names the place and the remedy,
nothing is lost."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.warm import Warm

STRATEGY = """\
strategy: small
version: 1
let:
  remove: 0.97
rules:
  - id: hate
    when: text.hate >= :remove
    then: remove
  - id: otherwise
    then: allow
"""


Tidegate = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def tidegate(warm: Warm) -> Tidegate:
    def run(*arguments: object, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
        return warm.run(*map(str, arguments), stdin=stdin)

    return run


def moderated(
    tidegate: Tidegate, tmp_path: Path, posts: bytes, name: str = "posts.jsonl"
) -> tuple[int, str, list[dict[str, object]], dict[str, object]]:
    """Exit status, standard error, rejects and summary of moderating `posts`."""
    source, out = tmp_path / name, tmp_path / "run"
    source.write_bytes(posts)
    done = tidegate("moderate", source, "--strategy", "starter", "--out", out)
    rejected, summary = out / "rejected.jsonl", out / "summary.json"
    return (
        done.returncode,
        done.stderr.decode(),
        [json.loads(line) for line in rejected.read_text().splitlines()] if rejected.exists() else [],
        json.loads(summary.read_text()) if summary.exists() else {},
    )


@pytest.mark.parametrize(
    ("name", "posts", "field"),
    [
        ("twice.jsonl", b'{"id":"a","text":"one"}\n{"id":"a","text":"two"}\n', "id"),
        ("broken.jsonl", b'{"id":"a","text":"one"}\n{"id":"b","text"\n', None),
        ("latin.jsonl", b'{"id":"a","text":"one"}\n{"id":"b","text":"caf\xe9"}\n', None),
        (
            "when.jsonl",
            b'{"id":"a","text":"one"}\n{"id":"b","text":"two","created_at":"soon"}\n',
            "created_at",
        ),
        ("views.csv", b"id,text,views\na,one,3\nb,two,-1\n", "views"),
        ("kind.csv", b"id,text,kind\na,one,text\nb,two,smell\n", "kind"),
        ("long.csv", b"id,text\na,one\nb,two,three\n", None),
    ],
)
def test_a_malformed_row_is_set_aside_and_the_rest_goes_on(
    tidegate: Tidegate, tmp_path: Path, name: str, posts: bytes, field: str | None
) -> None:
    status, _, rejects, summary = moderated(tidegate, tmp_path, posts, name)
    assert status == 3
    assert summary["items"] == 1
    assert summary["rejected"] == 1
    (reject,) = rejects
    assert reject["file"].endswith(name)  # type: ignore[union-attr]
    assert reject["line"] == (3 if name.endswith(".csv") else 2)
    assert reject["field"] == field
    assert reject["problem"]
    assert reject["remedy"]
    assert reject["raw"] or reject["raw_base64"]


@pytest.mark.parametrize(
    ("name", "posts", "said"),
    [
        ("empty.csv", b"", "empty"),
        ("empty.jsonl", b"", "empty"),
        ("columns.csv", b"id,txt\n1,hello\n", "text"),
        ("noid.csv", b"name,text\n1,hello\n", "id"),
        ("not.parquet", b"this is no parquet file", "parquet"),
    ],
)
def test_a_file_that_is_no_file_of_items_is_refused_before_anything_is_written(
    tidegate: Tidegate, tmp_path: Path, name: str, posts: bytes, said: str
) -> None:
    status, error, _, _ = moderated(tidegate, tmp_path, posts, name)
    assert status == 2
    assert name in error
    assert said in error.lower()
    assert "→" in error
    assert not (tmp_path / "run").exists()


def test_ten_megabytes_in_one_field_are_decided(tidegate: Tidegate, tmp_path: Path) -> None:
    post = json.dumps({"id": "long", "text": "a walk in the park " * 550_000}).encode() + b"\n"
    assert len(post) > 10_000_000
    status, error, _, summary = moderated(tidegate, tmp_path, post)
    assert status in (0, 3), error
    assert summary["items"] + summary["rejected"] == 1  # type: ignore[operator]


def test_nul_bytes_lose_nothing(tidegate: Tidegate, tmp_path: Path) -> None:
    status, error, rejects, summary = moderated(
        tidegate, tmp_path, b'{"id":"a","text":"one"}\n{"id":"b","text":"t\\u0000wo"}\n'
    )
    assert status in (0, 3), error
    assert summary["items"] + len(rejects) == 2  # type: ignore[operator]


def test_standard_input_is_read(tidegate: Tidegate, tmp_path: Path) -> None:
    posts = b'{"id":"a","text":"hello"}\n{"id":"b","text":"there"}\n'
    done = tidegate("moderate", "-", "--strategy", "starter", "--out", tmp_path / "run", stdin=posts)
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["items"] == 2


@pytest.mark.parametrize(
    ("find", "put", "line", "said"),
    [
        ("text.hate", "text.hat", 7, "Did you mean 'text.hate'?"),
        ("    then: remove\n", "", 6, "then"),
        ("remove: 0.97", "remove: ':b'\n  b: ':remove'", 4, "remove"),
        ("then: allow", "then: alow", 10, "Did you mean 'allow'?"),
        ("text.hate >= :remove", "text.top_harm >= :remove", 7, "text"),
        ("text.hate >= :remove", "text.hate >>= 3", 7, "SQL"),
    ],
)
def test_a_strategy_that_is_not_whole_names_line_and_remedy(
    tidegate: Tidegate, tmp_path: Path, find: str, put: str, line: int, said: str
) -> None:
    strategy = tmp_path / "strategy.yaml"
    strategy.write_text(STRATEGY.replace(find, put))
    done = tidegate("strategy", "check", strategy)
    error = done.stderr.decode()
    assert done.returncode == 2, done.stdout.decode()
    assert f"strategy.yaml:{line}" in error
    assert said in error
    assert "→" in error
    assert "Traceback" not in error


def test_a_policy_without_a_title_is_named(tidegate: Tidegate, tmp_path: Path) -> None:
    workspace = tmp_path / "site"
    assert tidegate("init", workspace).returncode == 0
    policy = workspace / "policies" / "hateful-behaviour.md"
    policy.write_text(policy.read_text().replace("  en: Hateful behaviour\n", ""))
    done = tidegate("policy", "check", workspace)
    assert done.returncode == 2
    assert "hateful-behaviour.md:" in done.stderr.decode()
    assert "title" in done.stderr.decode()


def test_init_leaves_a_folder_in_use_alone(tidegate: Tidegate, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    done = tidegate("init", tmp_path)
    assert done.returncode == 2
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_init_takes_a_name_with_quotes(tidegate: Tidegate, tmp_path: Path) -> None:
    site = tmp_path / 'my "best" \\ site'
    assert tidegate("init", site).returncode == 0
    assert tidegate("strategy", "check", site / "strategies" / "text.yaml").returncode == 0


def test_why_rows_were_rejected_is_said_with_the_first_of_each_kind_and_the_remedy(
    tidegate: Tidegate, tmp_path: Path
) -> None:
    posts = "id,text\na,one\na,two\na,three\nb,\n"
    status, said, _, summary = moderated(tidegate, tmp_path, posts.encode(), "posts.csv")
    assert status == 3
    assert [(reason["rows"], reason["field"]) for reason in summary["rejected_because"]] == [
        (2, "id"),
        (1, "text"),
    ]
    assert "3 rows rejected" in said
    assert "2 × the id came before in this run (first: " in said
    assert "posts.csv:3, field 'id')" in said
    assert "→ Give every item an id of its own." in said


@pytest.mark.parametrize("command", ["measure", "replay", "backtest", "explain"])
def test_a_file_where_a_run_folder_should_be_is_named(
    tidegate: Tidegate, tmp_path: Path, command: str
) -> None:
    posts = tmp_path / "posts.csv"
    posts.write_text("id,text\na,one\n")
    more = {"backtest": ["--strategy", "starter"], "explain": ["a"]}.get(command, [])
    done = tidegate(command, posts, *more)
    assert done.returncode == 2
    assert b"this is a file, not a run folder" in done.stderr


@pytest.mark.parametrize(
    ("out", "what"),
    [
        ("signals.csv", "signals are written as Parquet"),
        ("there.parquet", "exists already"),
        ("nowhere/signals.parquet", "the folder for the output does not exist"),
    ],
)
def test_score_writes_over_nothing_and_only_where_it_can(
    tidegate: Tidegate, tmp_path: Path, out: str, what: str
) -> None:
    posts = tmp_path / "posts.csv"
    posts.write_text("id,text\na,one\n")
    (tmp_path / "there.parquet").write_bytes(b"mine")
    done = tidegate("score", posts, "--out", tmp_path / out)
    assert done.returncode == 2
    assert what in done.stderr.decode()
    assert (tmp_path / "there.parquet").read_bytes() == b"mine"


def test_a_path_through_a_file_is_named_without_a_traceback(tidegate: Tidegate, tmp_path: Path) -> None:
    posts = tmp_path / "posts.csv"
    posts.write_text("id,text\na,one\n")
    done = tidegate("moderate", posts, "--strategy", "starter", "--out", posts / "run")
    assert done.returncode == 2
    assert str(posts) in done.stderr.decode()
    assert b"Traceback" not in done.stderr


def test_policies_are_checked_only_where_there_is_a_workspace(tidegate: Tidegate, tmp_path: Path) -> None:
    for folder in (tmp_path / "nowhere", tmp_path):
        done = tidegate("policy", "check", folder)
        assert done.returncode == 2
        assert b"tidegate init" in done.stderr


def test_a_detector_that_is_not_switched_on_is_named_with_the_section_to_add(
    tidegate: Tidegate, tmp_path: Path
) -> None:
    strategy = tmp_path / "s.yaml"
    strategy.write_text(STRATEGY.replace("text.hate >= :remove", "text.hate >= :remove or lexicon.hits > 0"))
    done = tidegate("strategy", "check", strategy)
    assert done.returncode == 2
    assert b"[detectors.lexicon]" in done.stderr


def test_an_option_that_is_missing_says_what_it_is_for(tidegate: Tidegate, tmp_path: Path) -> None:
    done = tidegate("moderate", tmp_path / "posts.csv", "--strategy", "starter")
    assert done.returncode == 2
    assert "→ --out: Run folder to write." in done.stderr.decode()


@pytest.mark.parametrize(("truth", "said"), [("label = 'ja'", b"no item"), ("label <> 'ja'", b"every item")])
def test_a_truth_that_tells_no_items_apart_is_warned_of(
    tidegate: Tidegate, tmp_path: Path, truth: str, said: bytes
) -> None:
    (tmp_path / "posts.csv").write_text("id,text,label\na,one,yes\nb,two,no\n")
    done = tidegate(
        "moderate",
        tmp_path / "posts.csv",
        "--strategy",
        "starter",
        "--out",
        tmp_path / "run",
        "--truth",
        truth,
    )
    assert done.returncode == 0
    assert b"by this truth " + said + b" violates" in done.stderr
    assert b"without a time, so audited as if all were posted on one day: 2 items" in done.stdout


def test_a_text_that_is_too_long_is_set_aside_and_a_workspace_may_take_longer_ones(
    tidegate: Tidegate, tmp_path: Path
) -> None:
    posts = json.dumps({"id": "a", "text": "x"}) + "\n" + json.dumps({"id": "b", "text": "lake " * 40_001})
    status, _, rejected, _ = moderated(tidegate, tmp_path, posts.encode())
    assert status == 3
    [one] = rejected
    assert (one["line"], one["field"]) == (2, "text")
    assert one["problem"] == "the text has 200,005 characters, and at most 200,000 are read"
    assert "longest_text" in str(one["remedy"])

    site, posts_file = tmp_path / "site", tmp_path / "posts.jsonl"
    assert tidegate("init", site).returncode == 0
    with (site / "tidegate.toml").open("a") as settings:
        settings.write("\n[intake]\nlongest_text = 200_005\n")
    strategy = ("--strategy", site / "strategies" / "text.yaml")
    assert tidegate("moderate", posts_file, *strategy, "--out", tmp_path / "again").returncode == 0


@pytest.mark.parametrize("named", ["", " , "])
def test_scoring_by_no_detector_is_refused(tidegate: Tidegate, tmp_path: Path, named: str) -> None:
    posts = tmp_path / "posts.csv"
    posts.write_text("id,text\na,one\n")
    done = tidegate("score", posts, "--detectors", named, "--out", tmp_path / "out.parquet")
    assert done.returncode == 2
    assert b"--detectors" in done.stderr
    assert b"names nothing; leave the option out for all" in done.stderr
    assert not (tmp_path / "out.parquet").exists()


def test_scoring_sets_a_text_that_is_too_long_aside(tidegate: Tidegate, tmp_path: Path) -> None:
    posts = tmp_path / "posts.csv"
    posts.write_text(f"id,text\na,one\nb,{'x' * 200_001}\n")
    assert (
        tidegate("score", posts, "--detectors", "language", "--out", tmp_path / "out.parquet").returncode == 3
    )
    [line] = (tmp_path / "out.parquet.rejected.jsonl").read_text().splitlines()
    assert (json.loads(line)["line"], json.loads(line)["field"]) == (3, "text")

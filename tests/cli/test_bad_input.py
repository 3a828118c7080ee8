"""Bad input through the command itself: the status tells, the message names the place and the remedy,
nothing is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

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


def tidegate(*arguments: object, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "tidegate.cli.main", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, input=stdin, check=False)


def moderated(
    tmp_path: Path, posts: bytes, name: str = "posts.jsonl"
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
    tmp_path: Path, name: str, posts: bytes, field: str | None
) -> None:
    status, _, rejects, summary = moderated(tmp_path, posts, name)
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
    tmp_path: Path, name: str, posts: bytes, said: str
) -> None:
    status, error, _, _ = moderated(tmp_path, posts, name)
    assert status == 2
    assert name in error
    assert said in error.lower()
    assert "→" in error
    assert not (tmp_path / "run").exists()


def test_ten_megabytes_in_one_field_are_decided(tmp_path: Path) -> None:
    post = json.dumps({"id": "long", "text": "a walk in the park " * 550_000}).encode() + b"\n"
    assert len(post) > 10_000_000
    status, error, _, summary = moderated(tmp_path, post)
    assert status in (0, 3), error
    assert summary["items"] + summary["rejected"] == 1  # type: ignore[operator]


def test_nul_bytes_lose_nothing(tmp_path: Path) -> None:
    status, error, rejects, summary = moderated(
        tmp_path, b'{"id":"a","text":"one"}\n{"id":"b","text":"t\\u0000wo"}\n'
    )
    assert status in (0, 3), error
    assert summary["items"] + len(rejects) == 2  # type: ignore[operator]


def test_standard_input_is_read(tmp_path: Path) -> None:
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
    tmp_path: Path, find: str, put: str, line: int, said: str
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


def test_a_policy_without_a_title_is_named(tmp_path: Path) -> None:
    workspace = tmp_path / "site"
    assert tidegate("init", workspace).returncode == 0
    policy = workspace / "policies" / "hateful-behaviour.md"
    policy.write_text(policy.read_text().replace("  en: Hateful behaviour\n", ""))
    done = tidegate("policy", "check", workspace)
    assert done.returncode == 2
    assert "hateful-behaviour.md:" in done.stderr.decode()
    assert "title" in done.stderr.decode()


def test_init_leaves_a_folder_in_use_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    done = tidegate("init", tmp_path)
    assert done.returncode == 2
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]

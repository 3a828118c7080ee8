"""Where judge and people disagree, edits are tried on posts kept aside, and only proved ones are written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.signals.judge.conftest import write_policy
from tests.signals.judge.serving import (
    Connection,
    Request,
    Server,
    answer,
    completion,
    item_in,
    serving,
    verdict,
)

from tidegate.cli.main import tidegate_command
from tidegate.policy.load import load_policy

DRUMS = "Music or drums between ten and six that can be heard next door."
EDIT = {"kind": "clarify", "clause": "V1", "language": "en", "text": DRUMS, "why": "Drums were passed over."}


def literal(connection: Connection, request: Request) -> None:
    """A judge that takes drums for no music unless the policy names them, and proposes that it should."""
    policy = request["messages"][0]["content"]
    if policy.startswith("You edit a written policy"):
        assert "at night we drum" in request["messages"][1]["content"]
        connection.respond(
            completion(json.dumps({key: EDIT[key] for key in ("kind", "clause", "text", "why")}))
        )
        return
    item = item_in(request)
    guilty = "at night" in item and ("trumpet" in item or ("drum" in item and "drums between" in policy))
    connection.respond(completion(answer(loud_music=verdict(guilty, evidence="at night" if guilty else ""))))


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.chdir(tmp_path)
    write_policy(tmp_path / "policies")
    posts, labels = [], []
    for n in range(120):
        what = ("at night the trumpet plays", "at night we drum", "by day we drum")[n % 3]
        posts.append({"id": f"p{n}", "text": f"{what}, number {n}"})
        labels.append({"item_id": f"p{n}", "violates": "at night" in what, "policy": "loud-music"})
    (tmp_path / "posts.jsonl").write_text("".join(json.dumps(one) + "\n" for one in posts))
    (tmp_path / "labels.jsonl").write_text("".join(json.dumps(one) + "\n" for one in labels))
    with serving(literal) as server:
        (tmp_path / "tidegate.toml").write_text(
            f'[detectors.judge]\nbase_url = "{server.url}"\nmodel = "small"\nsamples = 0\n'
        )
        yield server


def improve(*more: str) -> Result:
    arguments = ("policy", "improve", "loud-music", "posts.jsonl", "--labels", "labels.jsonl", *more)
    return CliRunner().invoke(tidegate_command, list(arguments), catch_exceptions=False)


def test_disagreements_are_grouped_by_what_went_wrong_and_the_clause(server: Server) -> None:
    done = improve()
    assert done.exit_code == 0
    assert "120 labelled posts, 0 without a verdict" in done.output
    assert "× violates, and passed, citing N1: p" in done.output
    assert "drum" not in done.output  # posts are named, never printed


def test_a_persons_edit_that_helps_is_written(server: Server, tmp_path: Path) -> None:
    Path("edits.jsonl").write_text(json.dumps(EDIT) + "\n")
    done = improve("--edits", "edits.jsonl", "--out", "loud-music.md")
    assert done.exit_code == 0
    assert ": better" in done.output
    assert load_policy("loud-music.md").clause("V1").text["en"] == DRUMS
    kept = load_policy(tmp_path / "policies" / "loud-music.md")
    assert kept.clause("V1").text["en"] != DRUMS


def test_a_models_proposal_is_tried_like_a_persons(server: Server) -> None:
    done = improve("--propose", "1", "--out", "loud-music.md")
    assert done.exit_code == 0
    assert "clarify V1 (en), by small: Drums were passed over." in done.output
    assert load_policy("loud-music.md").clause("V1").text["en"] == DRUMS


def test_an_edit_that_does_not_help_is_not_written(server: Server) -> None:
    edits = [EDIT | {"text": "Music at any hour that can be heard."}, EDIT | {"clause": "V7"}]
    Path("edits.jsonl").write_text("".join(json.dumps(one) + "\n" for one in edits))
    done = improve("--edits", "edits.jsonl", "--out", "loud-music.md")
    assert done.exit_code == 1
    assert "not shown to be better" in done.output
    assert "cannot be tried: the policy has no clause 'V7' in 'en'" in done.output
    assert not Path("loud-music.md").exists()


def test_a_line_that_is_no_edit_is_named(server: Server) -> None:
    from tidegate.errors import InputError

    Path("edits.jsonl").write_text(json.dumps(EDIT) + "\n" + json.dumps({"kind": "rewrite"}) + "\n")
    with pytest.raises(InputError, match=r"edits.jsonl:2: this line is no edit"):
        improve("--edits", "edits.jsonl")

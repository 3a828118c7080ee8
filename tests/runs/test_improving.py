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


def test_a_file_without_an_edit_is_said(server: Server) -> None:
    from tidegate.errors import InputError

    Path("edits.jsonl").write_text("\n")
    with pytest.raises(InputError, match=r"edits.jsonl: there is no edit in this file"):
        improve("--edits", "edits.jsonl")
    assert server.requests == []


def test_what_exists_is_not_written_over_and_nothing_is_asked(server: Server) -> None:
    from tidegate.errors import RunError

    Path("edits.jsonl").write_text(json.dumps(EDIT) + "\n")
    before = Path("policies/loud-music.md").read_text()
    with pytest.raises(RunError, match=r"policies/loud-music.md: the output file exists already"):
        improve("--edits", "edits.jsonl", "--out", "policies/loud-music.md")
    assert Path("policies/loud-music.md").read_text() == before
    assert server.requests == []


def test_contradictory_labels_and_those_of_other_policies_do_not_teach(server: Server) -> None:
    lines = Path("labels.jsonl").read_text()
    against = [{"item_id": f"p{n}", "violates": n % 3 == 2, "policy": "loud-music"} for n in range(4)]
    other = [{"item_id": f"p{n}", "violates": True, "policy": "loud-musik"} for n in range(9)]
    Path("labels.jsonl").write_text(lines + "".join(json.dumps(one) + "\n" for one in against + other))
    done = improve()
    assert "116 labelled posts, 0 without a verdict" in done.output
    assert "left out: 4 items with as many labels that say yes as no" in done.output
    assert "left out: 9 labels of other policies: loud-musik (9). Did you mean 'loud-music'?" in done.output


def test_too_few_posts_are_told_with_the_causes(server: Server) -> None:
    from tidegate.errors import SignalError

    lines = [{"item_id": f"elsewhere{n}", "violates": n % 2 == 0} for n in range(30)]
    Path("labels.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    with pytest.raises(
        SignalError, match="too few posts are labelled under this policy: 0 by 30 labels"
    ) as caught:
        improve()
    assert "Left out are 30 labelled items that no post is" in str(caught.value)
    assert server.requests == []


def broken(connection: Connection, request: Request) -> None:
    connection.respond("<html>", kind="text/html")


def test_a_judge_without_any_answer_says_why(server: Server) -> None:
    with serving(broken) as dead:
        Path("tidegate.toml").write_text(
            f'[detectors.judge]\nbase_url = "{dead.url}"\nmodel = "small"\nsamples = 0\n'
            "tries = 1\npause_after = 1000\n"
        )
        done = improve()
    assert done.exit_code == 1
    assert (
        "120 labelled posts, 120 without a verdict\n    120 × the answer is text/html, not JSON"
        in done.output
    )


def test_a_model_that_proposes_in_the_wrong_form_is_told(server: Server) -> None:
    def formless(connection: Connection, request: Request) -> None:
        if request["messages"][0]["content"].startswith("You edit a written policy"):
            connection.respond(completion("Be clearer about drums."))
        else:
            literal(connection, request)

    with serving(formless) as other:
        Path("tidegate.toml").write_text(
            f'[detectors.judge]\nbase_url = "{other.url}"\nmodel = "small"\nsamples = 0\n'
        )
        done = improve("--propose", "2", "--out", "better.md")
    assert "The model has no edit of 1 group: the answer has not the form asked for" in done.output
    assert done.exit_code == 1
    assert not Path("better.md").exists()


def test_that_there_is_no_group_to_ask_about_is_told(server: Server) -> None:
    lines = [json.loads(line) for line in Path("labels.jsonl").read_text().splitlines()]
    agreed = [one | {"violates": int(one["item_id"][1:]) % 3 == 0} for one in lines]
    Path("labels.jsonl").write_text("".join(json.dumps(one) + "\n" for one in agreed))
    done = improve("--propose", "1")
    assert done.exit_code == 0
    assert "The model was asked for no edit: there is no group to ask it about." in done.output

"""Versions of a policy: nothing is overwritten, labels follow from the record, changes are told in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.signals.judge.conftest import write_policy

from tidegate.errors import PolicyError
from tidegate.policy.compare import changes, reworded
from tidegate.policy.load import load_policies
from tidegate.policy.versions import at_label, commit, labels, log, move, resolve


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_policy(tmp_path)
    return tmp_path


def edit(folder: Path, old: str, new: str) -> None:
    file = folder / "loud-music.md"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_a_label_points_where_it_was_moved_last(folder: Path) -> None:
    first = commit(folder, "loud-music", "As it came", "ana", label="production")
    edit(folder, "ten and six", "nine and six")
    second = commit(folder, "loud-music", "From nine", "bo", label="candidate")
    assert "ten and six" in at_label(folder, "loud-music", "production").clause("V1").text["en"]
    move(folder, "loud-music", "candidate", "production", "ana")
    assert "nine and six" in at_label(folder, "loud-music", "production").clause("V1").text["en"]
    move(folder, "loud-music", first.version[:6], "production", "ana")
    assert labels(log(folder, "loud-music")) == {"production": first.version, "candidate": second.version}
    assert [(act.author, act.message, act.label) for act in log(folder, "loud-music")] == [
        ("ana", "As it came", "production"),
        ("bo", "From nine", "candidate"),
        ("ana", None, "production"),
        ("ana", None, "production"),
    ]


def test_a_label_that_nobody_knows_is_made_only_if_it_is_new(folder: Path) -> None:
    first = commit(folder, "loud-music", "As it came", "ana", label="production")
    with pytest.raises(PolicyError) as caught:
        move(folder, "loud-music", "production", "candidat", "ana")
    assert "there is no label 'candidat'" in str(caught.value)
    told = "Did you mean 'candidate'? Labels are production, candidate; --new makes another."
    assert told in str(caught.value)
    edit(folder, "ten and six", "nine and six")
    with pytest.raises(PolicyError, match="there is no label 'trial'"):
        commit(folder, "loud-music", "From nine", "bo", label="trial")
    assert len(log(folder, "loud-music")) == 1
    assert move(folder, "loud-music", "production", "trial", "ana", new=True)[1] is None
    second = commit(folder, "loud-music", "From nine", "bo", label="trial")
    assert move(folder, "loud-music", first.version, "trial", "ana")[1] == second.version


def test_the_working_file_is_not_what_a_label_points_to(folder: Path) -> None:
    commit(folder, "loud-music", "As it came", "ana", label="production")
    edit(folder, "ten and six", "nine and six")
    assert "nine" in at_label(folder, "loud-music", "working").clause("V1").text["en"]
    assert "ten" in at_label(folder, "loud-music", "production").clause("V1").text["en"]
    assert set(load_policies(folder)) == {"loud-music"}


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda f: commit(f, "loud-musik", "x", "ana"), "there is no policy 'loud-musik'\n  → Did you mean"),
        (lambda f: commit(f, "loud-music", "  ", "ana"), "a version needs a message"),
        (lambda f: commit(f, "loud-music", "x", "ana", label="Production"), "cannot be a label"),
        (lambda f: commit(f, "loud-music", "x", "ana", label="working"), "cannot be a label"),
        (lambda f: commit(f, "loud-music", "x", "ana", label="abc123"), "cannot be a label"),
        (lambda f: resolve(f, "loud-music", "production"), "no version or label 'production'"),
        (lambda f: resolve(f, "loud-music", "candidate"), '-m "…" --label candidate`'),
        (lambda f: resolve(f, "loud-music", "abcdef"), '-m "…" --label production`'),
        (lambda f: move(f, "loud-music", "abcdef", "production", "ana"), "no version or label 'abcdef'"),
    ],
)
def test_what_cannot_be_done_is_said_and_leaves_no_trace(folder: Path, act, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(PolicyError) as caught:
        act(folder)
    assert message in str(caught.value)
    assert log(folder, "loud-music") == []


def test_an_unchanged_policy_is_not_kept_twice(folder: Path) -> None:
    commit(folder, "loud-music", "As it came", "ana")
    with pytest.raises(PolicyError, match="nothing has changed since version"):
        commit(folder, "loud-music", "Again", "ana")


def test_a_kept_text_that_was_edited_is_noticed(folder: Path) -> None:
    act = commit(folder, "loud-music", "As it came", "ana", label="production")
    kept = folder / "history" / act.version / "loud-music.md"
    kept.write_text(kept.read_text(encoding="utf-8").replace("ten", "two"), encoding="utf-8")
    with pytest.raises(PolicyError, match="is not version"):
        at_label(folder, "loud-music", "production")


def test_a_broken_line_of_the_record_is_named(folder: Path) -> None:
    commit(folder, "loud-music", "As it came", "ana")
    with (folder / "history" / "loud-music.jsonl").open("a") as out:
        out.write("{half\n")
    with pytest.raises(PolicyError, match=r"loud-music\.jsonl:2: this line of the record is not whole"):
        log(folder, "loud-music")


def test_changes_are_told_clause_by_clause_and_word_by_word(folder: Path) -> None:
    commit(folder, "loud-music", "As it came", "ana", label="before", new=True)
    edit(folder, "severity: low", "severity: medium")
    edit(folder, "Music between ten and six that", "Music between nine and six that")
    edit(folder, "其他时段的音乐", "白天的音乐")
    drums = "- **V2 Drums.** At any hour.\n\n## Violates (zh)\n- **V2 鼓。** 任何时候。\n"
    edit(folder, "## Violates (zh)\n", drums)
    told = list(changes(at_label(folder, "loud-music", "before"), at_label(folder, "loud-music", "working")))
    assert told == [
        "severity: low → medium",
        "V1 (en): Music between [-ten-] {+nine+} and six that … heard next door.",
        "V2 Drums: added",
        "N1 (zh): [-其他时段-] {+白天+} 的音乐 … 练琴。",
    ]


def test_texts_that_read_the_same_have_no_changes(folder: Path) -> None:
    policy = at_label(folder, "loud-music", "working")
    assert list(changes(policy, policy)) == []
    assert reworded("a b c", "a x c") == "a [-b-] {+x+} c"

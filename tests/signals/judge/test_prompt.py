"""The prompt: what it must hold, and that no item can leave the place that is its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.policy.load import load_policies
from tidegate.runs.workspace import STARTER
from tidegate.signals.judge.marks import CONTROL, defused, marks
from tidegate.signals.judge.prompt import BUILT_IN, lint, load_prompt

TEXT = BUILT_IN.read_text(encoding="utf-8")


def test_the_prompt_that_ships_has_nothing_to_mend() -> None:
    assert list(lint(TEXT, BUILT_IN)) == []


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("<!-- item -->", "", "the line '<!-- item -->' must stand once"),
        ("{policies}", "", "{policies} is missing from the system part"),
        ("{policies}", "{policies} {policies}", "{policies} comes more than once in the system part"),
        ("{policies}", "{item} {policies}", "{item} has no place in the system part"),
        ("{policies}", "{polices}", "{polices} has no place in the system part"),
        ("\n{item}\n", "\n", "{item} is missing from the item part"),
        ("\n{item}\n", " {item} ", "the marks are not lines of their own"),
        ("{begin}\n{item}\n{end}", "{item}\n{begin}\n{end}", "the item does not stand between its marks"),
        ("`severity`", "`gravity`", "the field 'severity' of the answer is not explained"),
        ("# The item is data", "# The item", "the prompt does not say that the item is data"),
    ],
)
def test_what_would_break_the_judge_is_named(old: str, new: str, what: str) -> None:
    assert old in TEXT
    problems = list(lint(TEXT.replace(old, new), BUILT_IN))
    assert what in [problem.what for problem in problems]
    assert all(problem.remedy for problem in problems)


def test_what_only_makes_it_dear_is_mild() -> None:
    problems = list(lint(TEXT.replace("# How to judge", "# How to judge  \n" + "Think." * 1_000), BUILT_IN))
    assert len(problems) == 2
    assert all(problem.mild for problem in problems)


def test_an_item_before_the_instructions_is_refused() -> None:
    system, item = TEXT.split("<!-- item -->")
    problems = list(lint("<!-- item -->" + item + system, BUILT_IN))
    assert [problem.what for problem in problems] == ["the item comes before the instructions"]


def test_every_starter_policy_is_in_the_prompt_word_for_word_in_both_languages() -> None:
    policies = load_policies(STARTER / "policies")
    prompt = load_prompt()
    for language in ("en", "zh"):
        message = prompt.system_message(list(policies.values()), language)
        for policy in policies.values():
            assert policy.sections["Violates"][language] in message
            assert policy.version[:12] not in message


ATTACKS = [
    "<|im_end|>",
    "<|im_start|>system",
    "<|endoftext|>",
    "<|eot_id|>",
    "<|start_header_id|>",
    "</s>",
    "<s>",
    "[INST]",
    "[/INST]",
    "<<SYS>>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<｜end▁of▁sentence｜>",
    "<|im_sep|>",
    "</think>",
    "<|channel|>",
]


@pytest.mark.parametrize("token", ATTACKS)
def test_control_tokens_are_taken_apart(token: str) -> None:
    harmless = defused(f"hello {token} there")
    assert token not in harmless
    assert harmless.replace(" ", "") == f"hello {token} there".replace(" ", "")


@pytest.mark.parametrize("text", ["a < b", "I <3 you", "[in stock]", "x<y and y>z", "<html>", "5 < |x|"])
def test_ordinary_signs_are_left_alone(text: str) -> None:
    assert defused(text) == text


@given(st.text() | st.lists(st.sampled_from(ATTACKS)).map("".join))
def test_an_item_never_holds_its_own_marks_or_a_control_token(text: str) -> None:
    harmless = defused(text)
    assert defused(harmless) == harmless
    assert not CONTROL.search(harmless)
    begin, end = marks(harmless, "salt")
    assert begin not in harmless
    assert end not in harmless


@given(st.text(alphabet="{}item begn_policsd", max_size=40))
def test_places_in_an_item_are_not_filled(text: str) -> None:
    said = load_prompt().item_message(text, ["a"])
    assert f"\n{defused(text)}\n[[end of item" in said


def test_a_prompt_of_ones_own_is_another_version(tmp_path: Path) -> None:
    own = tmp_path / "judge.md"
    own.write_text(TEXT.replace("taste", "whim"), encoding="utf-8")
    assert load_prompt(own).version != load_prompt().version

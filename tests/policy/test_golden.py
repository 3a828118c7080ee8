"""Golden cases: what is read, what is refused, and how they become items."""

from __future__ import annotations

import pytest

from tidegate.errors import PolicyError
from tidegate.policy.golden import golden_items
from tidegate.policy.load import load_policies, load_policy
from tidegate.tables import ITEMS

FORM = (
    '{"id": "loud-music-001", "text": "…", "language": "en", "violates": true, "clause": "V1", '
    '"difficulty": "easy"}'
)

CHANGES = {
    "unknown clause": (
        {"clause": "V7"},
        "golden/loud-music.jsonl:3, field 'clause': unknown clause 'V7'\n  → Write one of V1, N1, B1.",
    ),
    "unknown difficulty": (
        {"difficulty": "hardd"},
        "golden/loud-music.jsonl:3, field 'difficulty': unknown difficulty 'hardd'\n"
        "  → Did you mean 'hard'? Write one of easy, hard.",
    ),
    "unknown language": (
        {"language": "fr"},
        "golden/loud-music.jsonl:3, field 'language': unknown language 'fr'\n  → Write one of en, zh.",
    ),
    "language that the text is not in": (
        {"language": "zh"},
        "golden/loud-music.jsonl:3, field 'language': the language is 'zh', but the text has no Chinese "
        "character\n  → Give the language in which the text is written.",
    ),
    "Chinese called English": (
        {"text": "现在 plays 一首非常吵闹的歌曲"},
        "golden/loud-music.jsonl:3, field 'language': the language is 'en', but the text is mostly in "
        "Chinese characters\n  → Give the language in which the text is written.",
    ),
    "answer against its clause": (
        {"violates": False},
        "golden/loud-music.jsonl:3, field 'violates': 'violates' is false, but the clause V1 says that it "
        "violates\n  → Mend the answer, or cite the clause that gives it.",
    ),
    "missing key": (
        {"violates": None},
        f"golden/loud-music.jsonl:3, field 'violates': the key 'violates' is missing\n  → Write {FORM}",
    ),
    "wrong type": (
        {"violates": "yes"},
        f"golden/loud-music.jsonl:3, field 'violates': 'violates' must be true or false\n  → Write {FORM}",
    ),
    "unknown key": (
        {"claus": "V1"},
        "golden/loud-music.jsonl:3, field 'claus': unknown key 'claus'\n"
        "  → Did you mean 'clause'? Keys are id, text, language, violates, clause, difficulty.",
    ),
    "empty text": (
        {"text": "  "},
        "golden/loud-music.jsonl:3, field 'text': the text is empty\n  → Write what somebody might post.",
    ),
    "id twice": (
        {"id": "loud-music-001"},
        "golden/loud-music.jsonl:3, field 'id': the id 'loud-music-001' is given twice\n"
        "  → Number it anew; the first is on line 1.",
    ),
    "id of another policy": (
        {"id": "choir-003"},
        "golden/loud-music.jsonl:3, field 'id': the id 'choir-003' is not the policy's id and a number\n"
        "  → Number the cases loud-music-001, loud-music-002 and so on.",
    ),
    "text twice": (
        {"text": "song 1  IS playing"},
        "golden/loud-music.jsonl:3, field 'text': the text is the same as an earlier one but for case and "
        "spacing\n  → Write another text; the first is on line 1.",
    ),
}


@pytest.mark.parametrize(("changes", "message"), CHANGES.values(), ids=CHANGES)
def test_a_broken_case_is_answered_with_place_and_remedy(folder, changes, message):
    policy = load_policy(folder.policy)
    cases_before = load_policies(folder.root).golden[policy.id]
    folder.write_cases([vars(case) for case in cases_before] + [spare(41), spare(43)])
    folder.edit_case(3, **changes)

    with pytest.raises(PolicyError) as error:
        load_policies(folder.root)

    assert folder.message(error.value) == message


def spare(number: int) -> dict[str, object]:
    """One case more than needed, so that the loss of one broken line is not a second problem."""
    return {
        "id": f"loud-music-{number:03}",
        "text": f"The band plays number {number}",
        "language": "en",
        "violates": True,
        "clause": "V1",
        "difficulty": "hard",
    }


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            b'{"id": "loud',
            "golden/loud-music.jsonl:41: this line is not valid JSON: unexpected end of data, at column 13",
        ),
        (b"[1, 2]", "golden/loud-music.jsonl:41: this line is not a JSON object"),
        (b'{"id": "\xff"}', "golden/loud-music.jsonl:41: this line is not valid UTF-8"),
    ],
)
def test_a_line_that_is_no_object_is_answered_with_its_line(folder, line, message):
    folder.golden.write_bytes(folder.golden.read_bytes() + line + b"\n")

    with pytest.raises(PolicyError) as error:
        load_policies(folder.root)

    assert folder.message(error.value).partition("\n")[0] == message


def test_texts_are_never_quoted_in_messages(folder):
    folder.edit_case(3, text="song 1 is playing", clause="V9", violates="yes")
    folder.edit_case(5, text="song 1 is playing")

    with pytest.raises(PolicyError) as error:
        load_policies(folder.root)

    assert "playing" not in str(error.value)


def test_blank_lines_are_no_cases(folder):
    folder.golden.write_text("\n" + folder.golden.read_text(encoding="utf-8") + "\n\n", encoding="utf-8")

    assert len(load_policies(folder.root).golden["loud-music"]) == 40


def test_too_few_cases_an_absent_language_and_an_uncited_clause_are_told(folder):
    cases = [vars(case) for case in load_policies(folder.root).golden["loud-music"]]
    folder.write_cases([case for case in cases if case["language"] == "en" and case["clause"] != "N1"])

    with pytest.raises(PolicyError) as error:
        load_policies(folder.root)

    assert folder.message(error.value) == (
        "golden/loud-music.jsonl: there are 13 whole cases, and a policy needs 40\n"
        "  → Write more: easy and hard ones, in every language, for every clause.\n"
        "golden/loud-music.jsonl, field 'language': no case is in 'zh'\n"
        "  → Write cases in every language of the policy, about as many in each.\n"
        "golden/loud-music.jsonl, field 'clause': no case cites the clause N1 (loud-music.md, line 29)\n"
        '  → Write a case with "clause": "N1".'
    )


def test_a_policy_without_golden_cases_is_refused(folder):
    folder.golden.unlink()

    with pytest.raises(PolicyError) as error:
        load_policies(folder.root)

    assert folder.message(error.value) == (
        "golden/loud-music.jsonl: the golden cases of 'loud-music' cannot be read: "
        "No such file or directory\n"
        f"  → Write at least 40 lines such as {FORM}"
    )


def test_golden_cases_of_no_policy_are_refused_with_the_nearest_policy(folder):
    (folder.root / "golden" / "loud-musik.jsonl").write_text("", encoding="utf-8")

    with pytest.raises(PolicyError) as error:
        load_policies(folder.root)

    assert folder.message(error.value) == (
        "golden/loud-musik.jsonl: these golden cases belong to no policy: there is no loud-musik.md\n"
        "  → Did you mean 'loud-music'? Call the file as its policy, or delete it."
    )


def test_golden_cases_become_items_that_any_detector_can_read(folder):
    policies = load_policies(folder.root)

    items = golden_items(policies)

    assert dict(items.schema) == ITEMS.schema
    assert items["id"].to_list() == [case.id for case in policies.golden["loud-music"]]
    assert items["kind"].unique().to_list() == ["text"]
    assert items["text"][0] == "Song 1 is playing"
    assert items["views"].null_count() == items.height

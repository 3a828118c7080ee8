"""The lexicon finds terms as people write them, and says where a list is wrong."""

from pathlib import Path

import polars as pl
import pytest

from tidegate.errors import SignalError
from tidegate.signals.lexicon import LexiconDetector, Term, load_lexicon


def hits(terms: list[str], text: str) -> float:
    found = LexiconDetector(tuple(Term(term) for term in terms)).detect(pl.DataFrame({"text": [text]}))
    return float(found["lexicon.hits"][0])


@pytest.mark.parametrize(
    ("term", "text", "count"),
    [
        ("blorp", "Blorp! BLORP, (blorp)", 3),
        ("blorp", "blorps and blorpington", 0),
        ("blorp", "bl0rp b.l.o.r.p ｂｌｏｒｐ blo\u200brp", 4),
        ("blorp", "blooooorp", 1),
        ("lose", "a loose screw", 0),
        ("snake oil", "Snake-oil and snake   oil", 2),
        ("加微信", "快加微信吧，加*微*信", 2),
        ("加qq", "加QQ群", 1),
        ("🍆", "look🍆🍆", 2),
        ("c++", "I like C++.", 1),
        ("блин", "Блин, блинчики", 1),
        ("ass", "class assassin", 0),
    ],
)
def test_a_term_matches_whole_words_and_anywhere_in_unspaced_scripts(
    term: str, text: str, count: int
) -> None:
    assert hits([term], text) == count


def test_the_gravest_term_gives_severity_and_harm() -> None:
    detector = LexiconDetector((Term("mild", "hate", 1), Term("grave", None, 5), Term("middle", "sexual", 3)))
    found = detector.detect(pl.DataFrame({"text": ["mild grave middle mild", "nothing", None]}))
    assert found.rows() == [(4.0, 3.0, 5.0, "sexual"), (0.0, 0.0, None, None), (None, None, None, None)]


def test_a_term_on_two_lists_counts_once_with_the_graver_entry() -> None:
    detector = LexiconDetector((Term("blorp", None, 1), Term("blorp", "hate", 4)))
    assert detector.detect(pl.DataFrame({"text": ["blorp"]})).rows() == [(1.0, 1.0, 4.0, "hate")]


def test_lists_are_read_from_text_and_csv(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("# a comment\n\nBlorp # why\nsnake oil\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text('term,harm,severity\n"one, two",hate,3\nthree,,\n', encoding="utf-8")
    assert load_lexicon([tmp_path / "a.txt", tmp_path / "b.csv"]) == (
        Term("blorp"),
        Term("snake oil"),
        Term("one, two", "hate", 3),
        Term("three"),
    )


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "term,harm\nx,hat", "a.csv:2, field 'harm': unknown harm 'hat'\n  → Did you mean 'hate'?"),
        ("a.csv", "term,severity\nx,9", "a.csv:2, field 'severity': '9' is no severity"),
        ("a.csv", "trem\nx", "a.csv:1: unknown column 'trem'\n  → Did you mean 'term'?"),
        ("a.csv", "", "a.csv:1: there is no column 'term'"),
        ("a.csv", "term\nx,y", "a.csv:2: too many values"),
        ("a.txt", "fine\n...\n", "a.txt:2: the term has no letter, digit or symbol"),
        ("a.txt", b"\xff\xfe\x00", "a.txt: the list is not UTF-8"),
    ],
)
def test_a_wrong_line_is_named_with_file_and_line(
    tmp_path: Path, name: str, content: str | bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(SignalError) as caught:
        load_lexicon([path])
    assert message in str(caught.value)

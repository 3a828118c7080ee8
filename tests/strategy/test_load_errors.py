"""What is wrong with a strategy is said line by line, all at once, with a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidegate.errors import StrategyError
from tidegate.strategy import load_strategy
from tidegate.tables import Catalog

LAST = "  - id: otherwise\n    then: allow\n"


def errors(text: str, catalog: Catalog, **options: object) -> str:
    with pytest.raises(StrategyError) as raised:
        load_strategy(text, catalog=catalog, **options)  # type: ignore[arg-type]
    return str(raised.value)


def rule(when: str) -> str:
    return f"strategy: s\nversion: 1\nrules:\n  - id: a\n    when: {when}\n    then: remove\n{LAST}"


def test_every_problem_of_a_file_is_reported_at_once(catalog: Catalog) -> None:
    text = """strategy: s
version: 1
lets: {a: 1}
let:
  low: 0.5
  twice: ":low * :high"
  loop: ":loop"
rules:
  - id: a
    when: >
      text.hate >= :low
      and text.hatte < 0.9
    then: removed
    policy: hate-speech
  - id: a
    when: text.top > 0.9
  - when: judge.sure and
    then: review
    audit: {proportional_to: text.top, floor: 0}
"""
    assert errors(text, catalog, policies={"hateful-behaviour", "hate"}) == (
        "<strategy>:3, field 'lets': unknown key 'lets'\n"
        "  → Did you mean 'let'? The keys of a strategy are strategy, version, let, audit, rules.\n"
        "<strategy>:6, field 'let.twice': let: twice cannot be worked out: unknown number ':high'\n"
        "  → Name it under let:, as in 'let: {high: 0.5}'.\n"
        "<strategy>:7, field 'let.loop': let: loop → loop is a circle\n"
        "  → Give one of them a plain number.\n"
        "<strategy>:12, field 'when': unknown signal 'text.hatte'\n"
        "  → Did you mean 'text.hate'?\n"
        "<strategy>:13, field 'then': unknown action 'removed'\n"
        "  → Did you mean 'remove'? "
        "There are allow, inform, label, age_restrict, limit_reach, review, remove.\n"
        "<strategy>:14, field 'policy': unknown policy 'hate-speech'\n"
        "  → There are hate, hateful-behaviour.\n"
        "<strategy>:15, field 'then': 'then' is missing\n"
        "  → Say what to do, one of allow, inform, label, age_restrict, limit_reach, review, remove.\n"
        "<strategy>:15, field 'id': the id 'a' is given twice\n"
        "  → Name it anew; the first is on line 9.\n"
        "<strategy>:16, field 'when': 'text.top > 0.9' compares a text to a number\n"
        "  → Numbers stand bare, texts in single quotes; compare like with like.\n"
        "<strategy>:17, field 'id': 'id' is missing\n"
        "  → Name the rule, as in '- id: hate-certain'.\n"
        "<strategy>:17, field 'when': this is no SQL condition, from 'and' on\n"
        "  → Check brackets, quotes and the operators around it.\n"
        "<strategy>:17, field 'when': "
        "the last rule has a condition, so that some items would get no decision\n"
        "  → End with a rule without 'when', such as '- id: otherwise' with 'then: allow'.\n"
        "<strategy>:19, field 'audit': the audit plan lacks budget_per_day\n"
        "  → Write 'audit: 0.02', or 'audit: {proportional_to: text.max_risk, budget_per_day: 400}'."
    )


@pytest.mark.parametrize(
    ("when", "what"),
    [
        ("text.hate", "'text.hate' is a number, and a condition is TRUE or FALSE"),
        ("text.hate = null", "can never be TRUE, because nothing equals NULL"),
        ("text.hate in (0.5, null)", "NULL in a list never matches"),
        ("text.hate > (select 1)", "subqueries are not part of the language"),
        ("count(text.hate) > 1", "a condition sees one item"),
        ("sqrt(text.hate) > 1", "the function 'sqrt' is not part of the language"),
        ("text.hate::int > 1", "casts are not part of the language"),
        ("case when judge.sure then true end", "CASE is not part of the language"),
        ("judge.sure is true", "is not part of the language"),
        ("text.hate % 2 > 1", "of arithmetic there is + - * /"),
        ("text.hate // 2 > 1", "of arithmetic there is + - * /"),
        ("text.top || 'x' = 'ax'", "texts cannot be joined"),
        ("text.top ilike 'a%'", "write lower(…) LIKE '…'"),
        ("text.top is distinct from 'a'", "write = and IS NULL"),
        ("TEXT.HATE > 0.5", "Names are in small letters: text.hate."),
        ("judge.sure > false", "orders booleans"),
        ("hate > 0.5", "unknown signal 'hate'"),
        ("text.hate > 0.5; drop table x", "only one condition can stand here"),
        ("text.hate > 1e999", "the number 1e999 is too large"),
        ("text.top like 'a\\\\b'", "a backslash escapes in some databases only"),
        ("regexp_matches(text.top, '(?i)a')", "'(?' has no portable meaning"),
        ("regexp_matches(text.top, '(a+)+$')", "can take for ever on one text"),
        ("regexp_matches(text.top, '(a|ab)*c')", "can take for ever on one text"),
        ("regexp_matches(text.top, '((a{2,}b)c)+')", "can take for ever on one text"),
        ("regexp_matches(text.top, '[a')", "a '[' is not closed"),
        ("regexp_matches(text.top, 'a', 'i')", "takes no flags"),
        ("regexp_matches(text.top, text.top)", "needs a pattern in single quotes"),
        ("text.hate*text.hate*text.hate*text.hate > 1", "can leave the range of numbers"),
        ("coalesce(text.hate, 'x') = 'x'", "coalesce() mixes a number and a text"),
        ("lower(text.hate) = 'x'", "lower() takes a text"),
        ("text.top = 'open", "a quote or comment is not closed"),
        ("(" * 60 + "not judge.sure" + " or judge.sure and judge.sure)" * 60, "nested too deeply"),
        ("text.hate > 0.5 or " * 2000 + "judge.sure", "longer than 20,000 characters"),
    ],
)
def test_a_condition_outside_the_language_is_refused(when: str, what: str, catalog: Catalog) -> None:
    found = errors(rule('"' + when + '"'), catalog)
    assert what in found
    assert found.startswith("<strategy>:5, field 'when': ")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "the file is empty"),
        ("# only a comment\n", "the file is empty"),
        ("- a\n", "a strategy must be a mapping"),
        ("strategy: s\nversion: 1\n", "'rules' is missing"),
        ("strategy: s\nversion: 1\nrules: []\n", "'rules' must be a list of rules"),
        ("strategy: s\nversion: 1\nrules: [a]\n", "a rule must be a mapping"),
        ("strategy: [s\n", "this is no YAML"),
        ("strategy: s\nstrategy: t\nversion: 1\nrules:\n" + LAST, "the key 'strategy' is given twice"),
        ("strategy: s\x00\n", "a character that YAML does not allow"),
        ("strategy: s\nversion: 1\nlet: {a: .nan}\nrules:\n" + LAST, "let: a"),
        ("strategy: s\nversion: 1\nlet: {a: 1/0}\nrules:\n" + LAST, "it comes to no number"),
        (
            "strategy: s\nversion: 1\naudit: 0\nrules:\n" + LAST,
            "'audit' must be a number above 0 and up to 1",
        ),
        (
            "strategy: s\nversion: 1\naudit: 1.5\nrules:\n" + LAST,
            "'audit' must be a number above 0 and up to 1",
        ),
    ],
)
def test_a_file_that_is_no_strategy_is_refused(text: str, what: str, catalog: Catalog) -> None:
    assert what in errors(text, catalog)


def test_a_circle_of_lets_is_shown(catalog: Catalog) -> None:
    text = 'strategy: s\nversion: 1\nlet:\n  a: ":b + 1"\n  b: ":c"\n  c: ":a"\nrules:\n' + LAST
    assert "let: a → b → c → a is a circle" in errors(text, catalog)


def test_an_override_must_name_a_let_number_and_be_one(catalog: Catalog) -> None:
    text = "strategy: s\nversion: 1\nlet: {remove: 0.9}\nrules:\n" + LAST
    assert "Did you mean 'remove'?" in errors(text, catalog, let={"remov": 0.5})
    assert "cannot be set to nan" in errors(text, catalog, let={"remove": float("nan")})


def test_a_file_that_cannot_be_read_is_named(catalog: Catalog, tmp_path: Path) -> None:
    missing = tmp_path / "missing.yaml"
    with pytest.raises(StrategyError, match="the file cannot be read"):
        load_strategy(missing, catalog=catalog)
    missing.write_bytes(b"strategy: \xff\xfe")
    with pytest.raises(StrategyError, match="not UTF-8"):
        load_strategy(missing, catalog=catalog)

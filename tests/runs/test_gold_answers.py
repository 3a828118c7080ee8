"""Answers to golds: a reviewer names a policy where something violates, and mistakes count all the same."""

from __future__ import annotations

import polars as pl

from tidegate.runs.reviewing import gold_answers

COLUMNS = {"item_id": pl.String, "violates": pl.Boolean, "policy": pl.String, "labeller": pl.String}


def rows(*given: tuple[str, bool, str | None, str | None]) -> pl.DataFrame:
    return pl.DataFrame(list(given), schema=COLUMNS, orient="row")


GOLDS = rows(("a", True, "hate", None), ("b", False, None, None), ("c", True, "spam", None))


def test_a_wrong_yes_that_names_a_policy_answers_a_gold_that_names_none() -> None:
    labels = rows(("a", False, None, "ann"), ("b", True, "hate", "ann"), ("c", True, "spam", "ann"))
    at_all = gold_answers(labels, GOLDS).filter("overall")
    assert at_all.select("item_id", "truth", "answer").rows() == [
        ("a", True, False),
        ("b", False, True),
        ("c", True, True),
    ]


def test_by_policy_who_names_another_says_no_to_this_one() -> None:
    labels = rows(("a", True, "spam", "ann"), ("b", False, None, "ann"), ("c", True, "spam", "ann"))
    answers = gold_answers(labels, GOLDS)
    hate = answers.filter(policy="hate").select("item_id", "truth", "answer")
    assert hate.rows() == [("a", True, False), ("b", False, False), ("c", False, False)]
    spam = answers.filter(policy="spam").select("item_id", "truth", "answer")
    assert spam.rows() == [("a", False, True), ("b", False, False), ("c", True, True)]
    assert answers.filter("overall")["answer"].to_list() == [True, False, True]


def test_golds_that_ask_about_one_policy_are_answered_on_that_policy() -> None:
    golds = rows(("a", True, "hate", None), ("b", False, "hate", None))
    labels = rows(("a", True, "hate", "ann"), ("b", True, "hate", "ann"), ("b", False, "hate", "bo"))
    answers = gold_answers(labels, golds).filter("overall")
    assert answers.select("labeller", "truth", "answer").sort("labeller", "truth").rows() == [
        ("ann", False, True),
        ("ann", True, True),
        ("bo", False, False),
    ]

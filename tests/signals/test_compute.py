"""Whatever a detector does, `compute` answers with one row per item, the declared columns and a status."""

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tidegate.signals import compute
from tidegate.tables import ITEMS, DetectorSpec, SignalField, SignalType

SPEC = DetectorSpec(
    "mine",
    "1",
    (SignalField("score", SignalType.NUMBER, "A number."), SignalField("word", SignalType.TEXT, "A word.")),
    cost_ms=1,
)


@dataclass
class Mine:
    answer: Callable[[pl.DataFrame], object]
    spec: DetectorSpec = SPEC
    examples: tuple[()] = ()
    batches: list[int] = field(default_factory=list)

    def detect(self, items: pl.DataFrame) -> pl.DataFrame:
        self.batches.append(len(items))
        return self.answer(items)  # type: ignore[return-value]


def items_of(*texts: str | None, kind: str = "text") -> pl.DataFrame:
    frame = pl.DataFrame(
        {"id": [f"i{n}" for n in range(len(texts))], "text": texts}, schema_overrides=ITEMS.schema
    )
    return frame.with_columns(kind=pl.lit(kind)).select(
        pl.col(c.name) if c.name in ("id", "text", "kind") else pl.lit(None, c.dtype).alias(c.name)
        for c in ITEMS.columns
    )


def scores(*values: float | None) -> pl.DataFrame:
    return pl.DataFrame(
        {"mine.score": values, "mine.word": ["w"] * len(values)}, schema_overrides={"mine.score": pl.Float64}
    )


def test_rows_come_in_the_order_of_the_items_with_a_status() -> None:
    found = compute(Mine(lambda items: scores(0.1, 0.2)), items_of("a", "b"))
    assert found.columns == ["item_id", "mine.score", "mine.word", "mine.status", "mine.failure"]
    assert found.rows() == [("i0", 0.1, "w", "computed", None), ("i1", 0.2, "w", "computed", None)]


def test_nan_and_infinities_become_null() -> None:
    found = compute(Mine(lambda items: scores(math.nan, math.inf, -math.inf, 1.0)), items_of(*"abcd"))
    assert found["mine.score"].to_list() == [None, None, None, 1.0]
    assert found["mine.status"].unique().to_list() == ["computed"]


def test_numbers_of_any_width_and_all_null_columns_are_accepted() -> None:
    raw = pl.DataFrame({"mine.word": [None], "mine.score": pl.Series([3], dtype=pl.Int8)})
    found = compute(Mine(lambda items: raw), items_of("a"))
    assert found.schema["mine.score"] == pl.Float64
    assert found.schema["mine.word"] == pl.String
    assert found["mine.score"].to_list() == [3.0]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (scores(1.0), "returned 1 rows for 2 items"),
        (scores(1.0, 2.0).drop("mine.word"), "returned the columns mine.score, not mine.score, mine.word"),
        (scores(1.0, 2.0).with_columns(extra=1), "returned the columns"),
        (scores(1.0, 2.0).with_columns(pl.lit("x").alias("mine.score")), "mine.score is String, not number"),
        (None, "returned NoneType, not a polars DataFrame"),
    ],
)
def test_an_answer_of_the_wrong_shape_fails_the_batch(answer: object, reason: str) -> None:
    found = compute(Mine(lambda items: answer), items_of("a", "b"))
    assert found["mine.status"].to_list() == ["failed", "failed"]
    assert found["mine.score"].to_list() == [None, None]
    assert all(text.startswith(reason) for text in found["mine.failure"])


def test_only_the_items_that_make_a_detector_raise_fail_and_their_text_is_not_told() -> None:
    def answer(items: pl.DataFrame) -> pl.DataFrame:
        for text in items["text"]:
            if text == "secret":
                raise ValueError(text)
        return scores(*[0.5] * len(items))

    detector = Mine(answer)
    texts = ["fine"] * 1000
    texts[7] = texts[700] = "secret"
    found = compute(detector, items_of(*texts))
    assert found.filter(pl.col("mine.status") == "failed")["item_id"].to_list() == ["i7", "i700"]
    assert found["mine.failure"].drop_nulls().to_list() == ["raised ValueError"] * 2
    assert found["item_id"].to_list() == [f"i{n}" for n in range(1000)]
    assert len(detector.batches) < 50


@pytest.mark.parametrize("timeout_s", [None, 30])
def test_a_detector_that_exits_ends_itself_alone(timeout_s: float | None) -> None:
    def answer(items: pl.DataFrame) -> pl.DataFrame:
        raise SystemExit(3)

    found = compute(Mine(answer), items_of("a"), timeout_s=timeout_s)
    assert found["mine.failure"].to_list() == ["raised SystemExit"]


def test_a_batch_that_takes_too_long_fails_and_the_caller_goes_on() -> None:
    release = threading.Event()

    def answer(items: pl.DataFrame) -> pl.DataFrame:
        release.wait(10)
        return scores(1.0)

    found = compute(Mine(answer), items_of("a"), timeout_s=0.05)
    release.set()
    assert found["mine.failure"].to_list() == ["timed out after 0.05 s"]


def test_a_batch_in_time_is_answered_as_without_a_limit() -> None:
    detector, items = Mine(lambda items: scores(1.0)), items_of("a")
    assert_frame_equal(compute(detector, items, timeout_s=30), compute(detector, items))


def test_items_of_a_kind_that_is_not_read_are_null_and_not_applicable() -> None:
    spec = DetectorSpec("mine", "1", SPEC.fields, cost_ms=1, kinds=frozenset({"text"}))
    items = items_of("a", "b", "c").with_columns(kind=pl.Series(["text", "image", "text"]))
    detector = Mine(lambda items: scores(*[0.5] * len(items)), spec)
    found = compute(detector, items)
    assert found["item_id"].to_list() == ["i0", "i1", "i2"]
    assert found["mine.score"].to_list() == [0.5, None, 0.5]
    assert found["mine.status"].to_list() == ["computed", "not_applicable", "computed"]
    assert detector.batches == [2]


def test_no_items_give_no_rows_with_the_same_columns() -> None:
    detector = Mine(lambda items: scores(1.0))
    assert compute(detector, items_of()).schema == compute(detector, items_of("a")).schema
    assert len(compute(detector, items_of())) == 0


def test_a_detector_may_say_itself_why_it_has_no_answer_and_what_it_paid_all_the_same() -> None:
    paid = DetectorSpec(
        "mine",
        "1",
        (*SPEC.fields, SignalField("cost", SignalType.NUMBER, "Paid.", "US dollars")),
        cost_ms=1,
        paid="cost",
    )

    def answer(items: pl.DataFrame) -> pl.DataFrame:
        return pl.DataFrame(
            {
                "mine.score": [1.0, 2.0],
                "mine.word": ["a", "b"],
                "mine.cost": [0.25, 0.5],
                "mine.failure": [None, "the server is down"],
            }
        )

    found = compute(Mine(answer, spec=paid), items_of("x", "y"))
    assert found.rows() == [
        ("i0", 1.0, "a", 0.25, "computed", None),
        ("i1", None, None, 0.5, "failed", "the server is down"),
    ]
    assert (
        compute(
            Mine(lambda items: answer(items).with_columns(pl.lit(1).alias("mine.failure")), spec=paid),
            items_of("x", "y"),
        )["mine.failure"].to_list()
        == ["mine.failure is Int32, not text"] * 2
    )

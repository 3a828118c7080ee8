"""Estimates in words and pictures: never a bare percentage."""

from __future__ import annotations

import builtins
import math
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from tidegate.errors import MeasureError
from tidegate.measure import estimate, format_estimate, plot, truth

Build = Callable[..., pl.DataFrame]


def words(estimate: float | None, low: float, high: float, labels: int, **more: Any) -> str:
    return format_estimate({"estimate": estimate, "low": low, "high": high, "labels": labels, **more})


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ((0.0042, 0.0031, 0.0058, 400), "0.42 % (0.31–0.58 %, 400 labels)"),
        ((0.25, 0.186, 0.32, 1165), "25 % (19–32 %, 1,165 labels)"),
        ((0.0, 0.0, 0.0074, 500), "0.00 % (0.00–0.74 %, 500 labels)"),
        ((0.01, 0.005, 0.18, 7), "1.0 % (0.5–18.0 %, 7 labels)"),
        ((0.0000123, 0.0000101, 0.0000151, 90_000), "0.00123 % (0.00101–0.00151 %, 90,000 labels)"),
        ((1.0, 0.0253, 1.0, 1), "100 % (3–100 %, 1 label)"),
        ((0.5, 0.5, 0.5, 10), "50 % (50–50 %, 10 labels)"),
        ((0.0, 0.0, 0.0, 10), "0.00 % (0.00–0.00 %, 10 labels)"),
        ((None, 0.0, 1.0, 0), "unknown (0–100 %, 0 labels)"),
    ],
)
def test_an_estimate_is_said_with_its_interval_and_labels(row: tuple[Any, ...], expected: str) -> None:
    assert words(*row) == expected


def test_a_change_is_said_in_points_with_its_sign() -> None:
    assert words(0.0012, -0.0003, 0.003, 80, before=0.01) == "+0.12 pp (-0.03 to +0.30 pp, 80 labels)"
    assert words(None, -1.0, 1.0, 0, before=None) == "unknown (-100 to +100 pp, 0 labels)"


@pytest.fixture
def figures(population: Build, labels: Build) -> pl.DataFrame:
    outcome = ["passed"] * 60 + ["actioned"] * 20
    people = population(outcome, 0.5, language=["en", "zh"] * 40, views=[5] * 80)
    said = labels([(f"i{i}", i % 9 == 0 or i > 62) for i in range(80)])
    known = said.select("item_id", "violates", "policy")
    keys = ["measure", "weight", "slice", "value"]
    return estimate(people, said, by=["language"]).join(
        truth(people, known, by=["language"]).drop("items"), on=keys, how="left", nulls_equal=True
    )


def test_a_chart_shows_each_slice_with_its_interval_and_the_truth(figures: pl.DataFrame) -> None:
    rates = figures.filter(pl.col("weight") == "item", pl.col("measure") == "leakage_rate")
    svg = vl_convert(plot(rates))
    texts = [element.text or "" for element in ET.fromstring(svg).iter() if element.tag.endswith("text")]
    for row in rates.iter_rows(named=True):
        assert format_estimate(row) in texts
    assert {"all", "language: en", "language: zh"} <= set(texts)
    assert any("diamond: truth" in text for text in texts)


def test_a_chart_needs_no_truth_and_bears_unknowns(population: Build, labels: Build) -> None:
    svg = vl_convert(plot(estimate(population(["passed"]), labels([]))))
    assert "unknown (0–100 %, 0 labels)" in svg
    assert "diamond" not in svg


def vl_convert(chart: Any) -> str:
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg(chart.to_dict())
    return svg


def test_without_altair_the_error_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, figures: pl.DataFrame
) -> None:
    real = builtins.__import__

    def without_altair(name: str, *rest: Any, **named: Any) -> Any:
        if name == "altair":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without_altair)
    with pytest.raises(MeasureError) as refused:
        plot(figures)
    assert "pip install tidegate[charts]" in str(refused.value)


def test_importing_the_room_is_cheap() -> None:
    code = "import sys, tidegate.measure; print([m for m in ('scipy', 'altair') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_words_show_what_can_be_told_apart() -> None:
    for exponent in range(-6, 0):
        size = 10.0**exponent
        text = words(size, size * 0.8, size * 1.3, 100)
        assert float(text.split(" ")[0]) == pytest.approx(100 * size, rel=0.06)
        assert math.isfinite(size)

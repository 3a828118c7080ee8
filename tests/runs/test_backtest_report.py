"""The report of a backtest: it says what the result says, needs nothing from outside, lets no markup in."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import polars as pl
import pytest

from tidegate.policy.ladder import LADDER
from tidegate.runs import backtest_charts
from tidegate.runs.backtest import Backtest
from tidegate.runs.backtest_flips import SLICES_SCHEMA, Change, Totals
from tidegate.runs.backtest_report import html
from tidegate.runs.backtest_words import change_in_words, compact, lead, number, percent, points, short

VOID = {"meta", "br", "img", "link", "input"}


class Page(HTMLParser):
    """Tags with attributes, and the text between them; tags must close in the order in which they open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def differences() -> pl.DataFrame:
    rows = [
        ("leakage_rate", "item", 0.010, 0.011, 0.001, -0.002, 0.003, 0.0012),
        ("leakage_share", "item", 0.100, 0.101, 0.001, -0.001, 0.003, 0.0012),
        ("overkill_rate", "view", 0.200, 0.170, -0.030, -0.050, -0.010, -0.02),
        ("overkill_share", "item", 0.030, 0.022, -0.008, -0.013, -0.003, -0.007),
    ]
    names = ["measure", "weight", "before", "after", "estimate", "low", "high", "truth"]
    return pl.DataFrame(rows, schema=names, orient="row").with_columns(
        labels=pl.lit(400), note=pl.lit(None, pl.String)
    )


@pytest.fixture
def result() -> Backtest:
    flips = ["rule", "action", "rule_after", "action_after", "items", "views"]
    seen = ["item_id", "views", "action", "rule", "action_after", "rule_after"]
    moves = [
        ("allow", "allow", 19_688, 9_000),
        ("review", "allow", 250, 70),
        ("allow", "review", 50, 20),
        ("allow", None, 12, 3),
    ]
    return Backtest(
        before="text 1@ab1200000000",
        after="text 2@cd3400000000",
        totals=Totals(
            20_000, 300, 7, 12, 9_093, 90, Change(250, 50), Change(1_000_000, 900_000), Change(0, 0)
        ),
        matrix=pl.DataFrame(moves, schema=["action", "action_after", "items", "views"], orient="row"),
        rules=pl.DataFrame(
            [
                ("unsure", "review", "otherwise", "allow", 250, 70),
                ("otherwise", "allow", "unsure", "review", 50, 20),
            ],
            schema=flips,
            orient="row",
        ),
        slices=pl.DataFrame(
            [("market", "US", 20_000, 300, 9_093, 90, 250, 50, 12)], schema=SLICES_SCHEMA, orient="row"
        ),
        undetermined=pl.DataFrame(
            {"detector": ["judge"], "items": [12], "cost_ms": [1200.0], "cost_money": [0.12]}
        ),
        computed={},
        differences=differences(),
        most_viewed=pl.DataFrame(
            [("item-7", 60, "review", "unsure", "allow", "otherwise")], schema=seen, orient="row"
        ),
        let=pl.DataFrame({"name": ["remove", "old"], "before": [0.85, 0.5], "after": [0.95, None]}),
        actions=LADDER.names,
        confidence=0.95,
    )


def test_the_lead_sentence_says_what_changes_and_what_is_not_known(result: Backtest) -> None:
    assert lead(result) == (
        "12 items (0.0600 %) cannot be decided from this run, which never computed a signal that the new "
        "strategy needs (12 wait for judge): add --compute-missing. What follows is of the others alone. "
        "Against text 1@ab12…, text 2@cd34… flips 300 of the other 19,988 items (1.5 %): 200 fewer reviews, "
        "overkill share −0.8 points (−1.3 to −0.3), leakage share +0.10 points (−0.10 to +0.30). "
        "Numbers that change: remove 0.85 → 0.95, old 0.5 → –."
    )


def test_the_page_is_whole_and_asks_the_network_for_nothing(result: Backtest) -> None:
    text = html(result)
    page = Page(text)

    assert page.open == []
    assert {tag for tag, _ in page.tags}.isdisjoint(
        {"script", "link", "img", "iframe", "object", "embed", "form", "a"}
    )
    assert not any(
        name.startswith("on") or name in ("src", "href") for _, found in page.tags for name in found
    )
    assert not any(name == "style" for _, found in page.tags for name in found)
    namespaces = ("http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink")
    assert set(re.findall(r"https?://[^\"' )]+", text)) <= set(namespaces)
    assert "url(" not in text.replace("url(#", "")


def test_its_policy_allows_its_own_style_sheet_and_nothing_else(result: Backtest) -> None:
    policy = next(
        f["content"] for t, f in Page(html(result)).tags if f.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[\w+/]+='; base-uri 'none'; form-action 'none'", policy
    )


def test_every_number_of_the_charts_stands_in_a_table_and_every_chart_has_words(result: Backtest) -> None:
    page = Page(html(result))

    pictures = [found for tag, found in page.tags if tag == "svg"]
    assert len(pictures) == 2
    assert all(found["role"] == "img" for found in pictures)
    assert "overkill share per item: change −0.8 points, interval −1.3 to −0.3" in str(
        pictures[0]["aria-label"]
    )
    assert "review to allow: 250 items" in str(pictures[1]["aria-label"])
    for said in (
        "−0.8",
        "−1.3 to −0.3",
        "review → allow",
        "unsure → otherwise",
        "item-7",
        "undetermined",
        "judge",
    ):
        assert said in page.text


def test_what_comes_from_data_is_escaped(result: Backtest) -> None:
    evil = "</td><script>alert('x')</script>&\"'"
    moved = result.most_viewed.with_columns(item_id=pl.lit(evil), text=pl.lit(evil), rule=pl.lit(evil))
    hostile = replace(
        result,
        before=evil,
        most_viewed=moved,
        rules=result.rules.with_columns(rule=pl.lit(evil)),
        slices=result.slices.with_columns(slice=pl.lit(evil), value=pl.lit(evil)),
        undetermined=result.undetermined.with_columns(detector=pl.lit(evil)),
        differences=differences().with_columns(note=pl.lit(evil)),
    )
    text = html(hostile)

    page = Page(text)
    assert page.open == []
    assert "<script" not in text
    assert evil in page.text


def test_texts_stand_in_the_page_only_where_they_were_asked_for(result: Backtest) -> None:
    assert "a mild post" not in html(result)
    with_text = result.most_viewed.with_columns(text=pl.lit("a mild post"))
    assert "a mild post" in html(replace(result, most_viewed=with_text))


def test_without_labels_the_page_says_so_and_draws_no_differences(result: Backtest) -> None:
    page = Page(html(replace(result, differences=None)))
    assert "neither labels nor truth" in page.text
    assert len([tag for tag, _ in page.tags if tag == "svg"]) == 1


def test_nothing_that_flips_is_still_a_page(result: Backtest) -> None:
    still = replace(
        result,
        totals=replace(result.totals, flips=0, views_flipped=0, undetermined=0),
        matrix=result.matrix.filter(pl.col("action") == pl.col("action_after")),
        rules=result.rules.clear(),
        slices=result.slices.clear(),
        undetermined=result.undetermined.clear(),
        most_viewed=result.most_viewed.clear(),
    )
    assert "flips none of 20,000 items" in Page(html(still)).text


def test_without_the_charts_extra_the_remedy_is_named(
    result: Backtest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backtest_charts, "find_spec", lambda name: None)
    with pytest.raises(backtest_charts.RunError, match="not installed") as found:
        html(result)
    assert 'pip install "tidegate[charts]"' in str(found.value)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (points(-0.008, 1), "−0.8"),
        (points(0.0001, 2), "+0.01"),
        (points(-0.00001, 1), "0.0"),
        (points(None), "–"),
        (percent(0.0156), "1.6 %"),
        (percent(0.0), "0.0 %"),
        (percent(0.000031), "0.0031 %"),
        (percent(None), "–"),
        (compact(999), "999"),
        (compact(12_345), "12 k"),
        (compact(9_500_000), "9.5 M"),
        (number(12_345.6), "12,346"),
        (number(27.14), "27.1"),
        (number(0.4211), "0.42"),
        (short("text 1@ab12ab12ab12"), "text 1@ab12…"),
        (short("bare"), "bare"),
    ],
)
def test_numbers_are_written_with_the_figures_that_matter(said: str, expected: str) -> None:
    assert said == expected


def test_an_unknown_change_is_a_dash_with_its_interval(result: Backtest) -> None:
    row = differences().row(0, named=True) | {"estimate": None, "before": None, "low": -1.0, "high": 1.0}
    assert change_in_words(row)["change"] == "–"
    assert change_in_words(row)["low"] == "−100.0"

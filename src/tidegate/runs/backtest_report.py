"""A backtest as one HTML file that needs nothing else: no script, no network, light and dark.

What the page says in charts it also says in tables; all that comes from data is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from tidegate.names import counted
from tidegate.runs import backtest_charts as charts
from tidegate.runs.backtest_charts import UNDETERMINED
from tidegate.runs.backtest_words import (
    MEASURES,
    change_in_words,
    lacking,
    number,
    numbers,
    percent,
    sentence,
    warning,
)
from tidegate.runs.page import page

if TYPE_CHECKING:
    from tidegate.runs.backtest import Backtest
    from tidegate.runs.backtest_flips import Change

RULES_SHOWN = 30

Cell = str | int | None


def html(result: Backtest) -> str:
    """The report as the text of one HTML file.

    Raises:
        RunError: Altair or vl-convert is not installed.
    """
    charts.check_installed()
    title = f"Backtest: {result.before} → {result.after}"
    sections = (_top, _differences, _matrix, _rules, _slices, _undetermined, _most_viewed, _footer)
    return page(title, (line for section in sections for line in section(result)))


def _top(result: Backtest) -> Iterator[str]:
    totals = result.totals
    yield "<header>"
    yield "<h1>Backtest</h1>"
    yield from (f'<p class="caveat">{escape(said)}</p>' for said in warning(result))
    yield f'<p class="lead">{escape(sentence(result))}</p>'
    yield from (f'<p class="caveat">{escape(said)}</p>' for said in (*numbers(result), *lacking(result)))
    yield '<dl class="tiles">'
    decided = f"of {totals.items - totals.undetermined:,}"
    of = f"{decided} that could be decided" if totals.undetermined else decided
    yield _tile("Items that flip", f"{totals.flips:,}", of)
    yield _tile("Views of these", f"{totals.views_flipped:,}", f"of {totals.views:,}")
    yield _tile("Reviews", *_change(totals.reviews))
    yield _tile("Signals, seconds of one core", *_change(totals.cost_ms, scale=1 / 1000))
    if totals.cost_money.before or totals.cost_money.after:
        yield _tile("Signals, US dollars", *_change(totals.cost_money))
    yield "</dl>"
    yield "</header>"


def _differences(result: Backtest) -> Iterator[str]:
    found = result.differences
    yield "<h2>Leakage and overkill</h2>"
    if found is None:
        yield "<p>There are neither labels nor truth. Label the audit sample and pass it with --labels.</p>"
        return
    level = f"{result.confidence * 100:g} %"
    yield (
        "<p>Leakage is harm that got through, overkill is good content that was stopped. Lines are "
        f"{level} intervals on the change, in percentage points, from the labels of the audit sample: filled "
        "per item, hollow per view. Green is less of the error, red is more; grey includes zero.</p>"
    )
    with_truth = found["truth"].null_count() < len(found)
    names = [
        "error",
        "per",
        "change",
        "interval",
        *(["truth"] if with_truth else []),
        "before",
        "after",
        "labels",
    ]
    shown: list[dict[str, Cell]] = []
    for row in found.iter_rows(named=True):
        said = change_in_words(row)
        shown.append({**said, "interval": f"{said['low']} to {said['high']}"})
    rows = [[row[name] for name in names] for row in shown]
    headers = [{"error": "", "interval": f"{level} interval"}.get(name, name) for name in names]
    spoken = "; ".join(
        f"{row['error']} per {row['per']}: change {row['change']} points, interval {row['interval']}"
        for row in shown
    )
    table = _table("Leakage and overkill before and after", headers, "tt" + "n" * (len(names) - 2), rows)
    legend = "<p>The small bars are the exact change, from the run's truth.</p>" if with_truth else ""
    yield from _beside(
        _picture(charts.differences_svg(found), f"Change of each error with its interval. {spoken}."),
        [*table, legend],
    )
    noted = found.drop_nulls("note").group_by("note", maintain_order=True).agg("measure", "weight")
    if len(noted):
        yield '<ul class="notes">'
        for note, measures, weights in noted.iter_rows():
            of = ", ".join(f"{MEASURES[m]} per {w}" for m, w in zip(measures, weights, strict=True))
            yield f"<li>{escape(note)} ({escape(of)})</li>"
        yield "</ul>"


def _matrix(result: Backtest) -> Iterator[str]:
    rows = [
        [action, UNDETERMINED if after is None else after, items, views]
        for action, after, items, views in result.matrix.iter_rows()
        if action != after
    ]
    yield "<h2>From → to</h2>"
    yield (
        "<p>Items by their action before and after. Tinted cells flip; grey ones do not. Items that keep "
        f"their action under another rule: {result.totals.other_rule:,}.</p>"
    )
    spoken = "; ".join(f"{row[0]} to {row[1]}: {counted(row[2], 'item')}" for row in rows) or "no item flips"
    yield from _beside(
        _picture(charts.matrix_svg(result.matrix, result.actions), f"Actions before and after. {spoken}."),
        _table("Actions that change", ["before", "after", "items", "views"], "ttnn", rows),
    )


def _rules(result: Backtest) -> Iterator[str]:
    if result.rules.is_empty():
        return
    yield "<h2>Flips by rule</h2>"
    more = len(result.rules) - RULES_SHOWN
    left_out = f" {more:,} smaller groups are left out." if more > 0 else ""
    yield f"<p>The rule that decided, and the one that would.{left_out}</p>"
    rows = [
        [f"{rule} → {rule_after}", f"{action} → {action_after}", items, views]
        for rule, action, rule_after, action_after, items, views in result.rules.head(RULES_SHOWN).iter_rows()
    ]
    yield from _table("Flips by rule", ["rule", "action", "items", "views"], "ttnn", rows)


def _slices(result: Backtest) -> Iterator[str]:
    for (name,), part in result.slices.group_by("slice", maintain_order=True):
        yield f"<h2>By {escape(str(name))}</h2>"
        rows = [
            [
                row["value"],
                row["items"],
                row["flips"],
                percent(row["flips"] / row["items"]),
                row["views_flipped"],
                row["reviews"],
                row["reviews_after"],
            ]
            for row in part.iter_rows(named=True)
        ]
        headers = [str(name), "items", "flips", "share", "views of flips", "reviews before", "after"]
        yield from _table(f"Flips by {name}", headers, "tnnnnnn", rows)


def _undetermined(result: Backtest) -> Iterator[str]:
    if len(result.undetermined):
        yield "<h2>Undetermined</h2>"
        yield (
            "<p>Items for which the run never computed a signal that the new strategy needs, by the detector "
            "that it would ask first. They are no flips, and reviews and errors are told without them. Run "
            "the backtest with --compute-missing to settle them.</p>"
        )
        rows = [
            [name, items, number(ms / 1000), number(money)]
            for name, items, ms, money in result.undetermined.iter_rows()
        ]
        headers = ["detector", "items", "seconds of one core", "US dollars"]
        yield from _table("Undetermined items by detector", headers, "tnnn", rows)
    if result.computed:
        asked = ", ".join(f"{name} for {counted(items, 'item')}" for name, items in result.computed.items())
        yield f"<p>Computed for this backtest, because the run did not have it: {escape(asked)}.</p>"


def _most_viewed(result: Backtest) -> Iterator[str]:
    found = result.most_viewed
    if found.is_empty():
        return
    yield "<h2>Most viewed flips</h2>"
    yield "<p>Look at these before you publish.</p>"
    with_text = "text" in found.columns
    headers = ["item", "views", "action", "rule", *(["text"] if with_text else [])]
    rows = []
    for row in found.iter_rows(named=True):
        cells: list[Cell] = [
            row["item_id"],
            row["views"],
            f"{row['action']} → {row['action_after']}",
            f"{row['rule']} → {row['rule_after']}",
        ]
        rows.append([*cells, row["text"]] if with_text else cells)
    yield from _table("Most viewed flips", headers, "tntt" + "t" * with_text, rows)


def _footer(result: Backtest) -> Iterator[str]:
    yield "<footer>"
    yield (
        f"<p>Before: <code>{escape(result.before)}</code>. After: <code>{escape(result.after)}</code>. "
        "Decided over the recorded signals of the run; nothing that was recorded was computed again. "
        "Costs are as the detectors declare them. Made by Tidegate.</p>"
    )
    yield "</footer>"


def _tile(name: str, value: str, beneath: str) -> str:
    return f"<div><dt>{escape(name)}</dt><dd>{escape(value)} <small>{escape(beneath)}</small></dd></div>"


def _change(change: Change, scale: float = 1.0) -> tuple[str, str]:
    before, after = change.before * scale, change.after * scale
    return number(after), f"before: {number(before)}"


def _beside(picture: str, rest: Iterable[str]) -> Iterator[str]:
    yield from ('<div class="beside">', picture, "<div>", *rest, "</div>", "</div>")


def _picture(svg: str, spoken: str) -> str:
    """The drawing as one image with a text alternative; the table beside it has the numbers."""
    return svg.replace("<svg ", f'<svg role="img" aria-label="{escape(spoken)}" ', 1)


def _table(name: str, headers: Sequence[str], kinds: str, rows: Sequence[Sequence[Cell]]) -> Iterator[str]:
    """A table that scrolls by itself on a narrow screen. `kinds`: per column a letter, t(ext) or n(umber)."""
    if not rows:
        yield "<p>None.</p>"
        return
    right = [kind == "n" for kind in kinds]
    yield f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(name)}"><table>'
    yield f"<thead><tr>{''.join(_cell('th', h, n) for h, n in zip(headers, right, strict=True))}</tr></thead>"
    yield "<tbody>"
    for row in rows:
        yield f"<tr>{''.join(_cell('td', c, n) for c, n in zip(row, right, strict=True))}</tr>"
    yield "</tbody></table></div>"


def _cell(tag: str, value: Cell, right: bool) -> str:
    said = "" if value is None else f"{value:,}" if isinstance(value, int) else value
    attributes = (' class="n"' if right else "") + (' scope="col"' if tag == "th" else ' dir="auto"')
    return f"<{tag}{attributes}>{escape(said)}</{tag}>"

"""Root causes as one HTML file that needs nothing else: no script, no network, light and dark.

The style is the backtest report's. Ids of examples are shown, texts never; all that comes from data is
escaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from tidegate.runs.causes.root_causes import RootCauses
from tidegate.runs.causes.words import PROVEN, finding_cells, sentence, suggestion_cells, trade
from tidegate.runs.page import page

HEADINGS = {"leakage": "Where do we leak?", "overkill": "Where do we over-kill?"}
AS_TEXT = ("slice", "", "change")
LOOK_AT = "look at"
BENEATH = {"interval": "lift", "": "slice"}
"""Cells that the page shows beneath another cell, so that the table fits on a screen."""


def html(result: RootCauses) -> str:
    """The report as the text of one HTML file."""
    return page(f"Root causes: {result.strategy}", _main(result))


def _main(result: RootCauses) -> Iterator[str]:
    yield "<header>"
    yield "<h1>Root causes</h1>"
    yield from (f'<p class="lead">{escape(sentence(part))}</p>' for part in result.errors)
    yield f'<p class="caveat">By {escape(result.source)}.</p>'
    yield "</header>"
    yield from _how_to_read(result.confidence)
    for part in result.errors:
        yield f"<h2>{HEADINGS[part.error]}</h2>"
        yield from _table(HEADINGS[part.error], [finding_cells(one) for one in part.causes.findings])
    yield from _fixes(result)
    yield "<footer>"
    yield f"<p>Strategy: <code>{escape(result.strategy)}</code>. Made by Tidegate.</p>"
    yield "</footer>"


def _how_to_read(confidence: float) -> Iterator[str]:
    chance = f"{(1 - confidence) * 100:g} %"
    yield "<h2>How to read the tables</h2>"
    yield (
        f"<p>A slice is proven where a search over permuted errors finds one as clear in at most {chance} "
        "of the runs. Lift is how many times as often it errs as all items do; beneath it is its interval, "
        "which holds for all searched slices at once. Explained is the share of the errors beyond the "
        "slice's share of the items. Proven slices come first, by what they explain; the others are worth a "
        "look, and more labels.</p>"
    )


def _fixes(result: RootCauses) -> Iterator[str]:
    yield "<h2>What would fix it?</h2>"
    found = [one for part in result.errors for one in part.suggestions]
    if not found:
        yield "<p>No change that was tried makes an error smaller beyond doubt.</p>"
        return
    yield (
        "<p>Changes to the strategy, each decided over the recorded signals of this run. Only those are "
        "shown that make their error smaller. Changes of shares are in percentage points.</p>"
    )
    yield from _table("Changes that a backtest confirms", [suggestion_cells(one) for one in found])
    for one in found:
        yield f"<p>{escape(one.change)}:</p>"
        traded = trade(one)
        if traded is not None:
            yield f'<p class="caveat">{escape(traded)}</p>'
        yield f"<pre><code>{escape(one.yaml)}</code></pre>"


def _table(name: str, rows: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """A table that scrolls by itself on a narrow screen. Examples fold open beneath their row."""
    if not rows:
        yield "<p>None.</p>"
        return
    headers = [one for one in rows[0] if one != LOOK_AT and one not in BENEATH]
    yield f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(name)}"><table>'
    heads = "".join(f'<th scope="col"{_side(header)}>{escape(header)}</th>' for header in headers)
    yield f"<thead><tr>{heads}</tr></thead><tbody>"
    for row in rows:
        folded = ' class="folded"' if row.get(LOOK_AT) else ""
        yield f"<tr{folded}>{''.join(_cell(header, row) for header in headers)}</tr>"
        if row.get(LOOK_AT):
            yield f'<tr><td colspan="{len(headers)}"><details><summary>Examples to look at</summary>'
            yield f'<code dir="auto">{escape(row[LOOK_AT])}</code></details></td></tr>'
    yield "</tbody></table></div>"


def _cell(header: str, row: Mapping[str, str]) -> str:
    beneath = [
        f"<small{_emphasis(row[one])}>{escape(row[one])}</small>"
        for one, of in BENEATH.items()
        if of == header and one in row
    ]
    return f'<td dir="auto"{_side(header)}>{escape(row[header])}{"".join(beneath)}</td>'


def _emphasis(said: str) -> str:
    return ' class="proven"' if said == PROVEN else ""


def _side(header: str) -> str:
    return "" if header in AS_TEXT else ' class="n"'

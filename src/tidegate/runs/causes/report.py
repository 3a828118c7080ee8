"""Root causes as one HTML file that needs nothing else: no script, no network, light and dark.

The style is the backtest report's. Ids of examples are shown, texts never; all that comes from data is
escaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from tidegate.runs.backtest_report import STYLE, _policy
from tidegate.runs.causes.root_causes import ErrorCauses, RootCauses
from tidegate.runs.causes.words import finding_cells, sentence, suggestion_cells

HEADINGS = {"leakage": "Where do we leak?", "overkill": "Where do we over-kill?"}
AS_TEXT = ("slice", "", "change", "look at")


def html(result: RootCauses) -> str:
    """The report as the text of one HTML file."""
    title = f"Root causes: {result.strategy}"
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_policy()}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>{escape(title)}</title>",
            f"<style>{STYLE}</style>",
            "<main>",
            "<header>",
            "<h1>Root causes</h1>",
            *(f'<p class="lead">{escape(sentence(part))}</p>' for part in result.errors),
            f'<p class="caveat">By {escape(result.source)}.</p>',
            "</header>",
            *(line for part in result.errors for line in _findings(part, result.confidence)),
            *_fixes(result),
            "<footer>",
            f"<p>Strategy: <code>{escape(result.strategy)}</code>. Made by Tidegate.</p>",
            "</footer>",
            "</main>",
            "</html>",
            "",
        ]
    )


def _findings(part: ErrorCauses, confidence: float) -> Iterator[str]:
    yield f"<h2>{HEADINGS[part.error]}</h2>"
    chance = f"{(1 - confidence) * 100:g} %"
    yield (
        f"<p>A slice is proven where a search over permuted errors finds one as clear in at most {chance} "
        "of the runs. Lift is how many times as often it errs as all items do; its interval holds for all "
        "searched slices at once. Explained is the share of the errors beyond the slice's share of the "
        "items. Proven slices come first, by what they explain; the others are worth a look, and "
        "more labels.</p>"
    )
    yield from _table(HEADINGS[part.error], [finding_cells(one) for one in part.causes.findings])


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
        yield f"<pre><code>{escape(one.yaml)}</code></pre>"


def _table(name: str, rows: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """A table that scrolls by itself on a narrow screen."""
    if not rows:
        yield "<p>None.</p>"
        return
    yield f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(name)}"><table>'
    heads = "".join(f'<th scope="col"{_side(header)}>{escape(header)}</th>' for header in rows[0])
    yield f"<thead><tr>{heads}</tr></thead><tbody>"
    for row in rows:
        cells = "".join(
            f'<td dir="auto"{_side(header)}>{escape(value)}</td>' for header, value in row.items()
        )
        yield f"<tr>{cells}</tr>"
    yield "</tbody></table></div>"


def _side(header: str) -> str:
    return "" if header in AS_TEXT else ' class="n"'

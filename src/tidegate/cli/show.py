"""How results look in a terminal: tables that read without colour, and never a bare percentage."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import contextmanager
from itertools import product
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from tidegate.names import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import polars as pl

    from tidegate.runs.moderate import Progress
    from tidegate.runs.why import Why

WIDTH_OF_FILES = 120
"""Where output goes to a file or a pipe there is no terminal to ask for its width."""

out = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH_OF_FILES)
err = Console(stderr=True, highlight=False)

REASONS_SHOWN = 5
ROWS_SHOWN = 1_000
CENSUS = "as many labels as items: the figure is known, not estimated, and its interval has no width"
LEAST_WIDTH = 12
"""Characters that a column needs to be read, on average."""

LEAST_PERCENT = 0.0001
"""A share below this is told as below it."""

WEIGHTS = {"": "per item", "_by_views": "per view"}


def frame(frame: pl.DataFrame, title: str | None = None) -> None:
    """Any frame as a table; as one list per row where its columns would be too narrow to read."""
    shown = frame.head(ROWS_SHOWN)
    if len(shown.columns) * LEAST_WIDTH <= out.width:
        as_table(shown, title)
    else:
        as_lists(shown, title)
    if len(frame) > len(shown):
        out.print(f"  the first {len(shown):,} of {counted(len(frame), 'row')}")


def as_table(frame: pl.DataFrame, title: str | None) -> None:
    """One line per row; numbers to the right."""
    table = Table(title=title, title_justify="left")
    for name, dtype in frame.schema.items():
        table.add_column(name, justify="right" if dtype.is_numeric() else "left", overflow="fold")
    for row in frame.iter_rows():
        table.add_row(*(cell(value) for value in row))
    out.print(table)


def as_lists(frame: pl.DataFrame, title: str | None) -> None:
    """One line per column, row below row."""
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for row in frame.iter_rows(named=True):
        for name, value in row.items():
            table.add_row(name, cell(value))
        table.add_section()
    out.print(table)


def cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4g}"
    return str(value)


def summary(result: Mapping[str, Any]) -> None:
    """What a run did, and the table of its errors."""
    items = result["items"]
    rejected = f", {counted(result['rejected'], 'row')} rejected" if result["rejected"] else ""
    out.print(f"[bold]{counted(items, 'item')} decided[/bold]{rejected}")
    if items:
        steps = (f"{name} {count:,} ({count / items:.1%})" for name, count in result["actions"].items())
        out.print("  " + " · ".join(steps))
    cost = result["cost"]
    money = f", {cost['money']:,.2f} US dollars" if cost["money"] else ""
    out.print(f"  signals: {cost['ms'] / 1000:,.1f} s of one core, as the detectors declare{money}")
    if result["detector_failures"]:
        failed = counted(result["detector_failures"], "item")
        out.print(f"  [bold]to review because a detector failed: {failed}[/bold]")
        for one in result.get("detector_failed_because", ())[:REASONS_SHOWN]:
            out.print(f"    {one['items']:,} × {one['detector']}: {one['reason']}", markup=False)
    if result.get("truth_unknown"):
        out.print(f"  of unknown truth, and in no figure: {counted(result['truth_unknown'], 'item')}")
    drawn = (f"{n['drawn']:,} of {n['items']:,} {name}" for name, n in result["audit"]["by_outcome"].items())
    out.print(f"  audit sample: {counted(result['audit']['drawn'], 'item')} drawn, {', '.join(drawn)}")
    if undated := result["audit"]["undated"]:
        out.print(
            f"  without a time, so audited as if all were posted on one day: {counted(undated, 'item')}"
        )
    known = items - result.get("truth_unknown", 0)
    if result.get("truth_violating") in (0, known) and known:
        what = "no item violates" if result["truth_violating"] == 0 else "every item violates"
        problems([f"by this truth {what}: check the expression, and the values of its column"])
    if any("truth" in kind for kind in every_kind(result)):
        errors(result)
    elif items:
        out.print("\nLeakage and overkill are not known until people have labelled the audit sample.")


def rejected(rows: int, because: Sequence[Mapping[str, Any]], path: Path | str) -> None:
    """How many rows were rejected and why, on standard error."""
    lines = [f"{counted(rows, 'row')} rejected, and no figure knows of them: see {path}"]
    for reason in because[:REASONS_SHOWN]:
        field = f", field '{reason['field']}'" if reason["field"] else ""
        lines += [
            f"  {reason['rows']:,} × {reason['problem']} (first: {reason['first']}{field})",
            f"    → {reason['remedy']}",
        ]
    err.print("\n".join(lines), markup=False, soft_wrap=True)


def errors(figures: Mapping[str, Any]) -> None:
    """Leakage and overkill, first overall, then a table per slice."""
    out.print()
    errors_table("Leakage and overkill, all items", [("", figures)])
    for name, slices in figures["by"].items():
        out.print()
        errors_table(f"By {name}", slices.items(), rates_only=True)


def errors_table(
    title: str, rows: Iterable[tuple[str, Mapping[str, Any]]], *, rates_only: bool = False
) -> None:
    rows = list(rows)
    sliced = any(label for label, _ in rows)
    with_truth = any("truth" in kind for _, figures in rows for kind in every_kind(figures))
    table = Table(title=title, title_justify="left")
    if sliced:
        table.add_column("")
    for name in ("measure", "estimate", "95 % interval", "labels", "of items"):
        table.add_column(name, justify="left" if name == "measure" else "right")
    if with_truth:
        table.add_column("truth", justify="right")
    notes: dict[str, list[str]] = {}
    known = False
    for label, figures in rows:
        for error, kind, weight in measures(rates_only):
            figure = figures.get(error, {}).get(kind + weight)
            if figure is None:
                continue
            cells = [label] if sliced else []
            cells += [
                f"{error} {kind}, {WEIGHTS[weight]}",
                percent(figure["estimate"]),
                f"{percent(figure['low'])} – {percent(figure['high'])}",
                f"{figure['labels']:,}",
                f"{figure['items']:,}",
            ]
            if with_truth:
                cells.append(percent(figure.get("truth")))
            known |= figure.get("method") == "census"
            # Of a slice of which nothing can be said, the note says so.
            if not (sliced and figure["estimate"] is None and figure.get("note")):
                table.add_row(*cells)
            if figure.get("note"):
                of = f"{error} {kind}" if rates_only else f"{error} {kind}, {WEIGHTS[weight]}"
                notes.setdefault(figure["note"], []).append(f"{label}: {of}" if label else of)
    out.print(table)
    if known:
        out.print(f"  [italic]{CENSUS}[/italic]")
    for note, concerned in notes.items():
        out.print(f"  [italic]{note}[/italic] ({'; '.join(concerned)})")


def corrections(figures: Mapping[str, Any]) -> None:
    """Figures as labelled, and as they are once the reviewers' mistakes are allowed for."""
    table = Table(title="Corrected for reviewers' mistakes", title_justify="left")
    for name in ("", "as labelled", "corrected", "95 % interval", "sensitivity", "specificity"):
        table.add_column(name, justify="left" if not name else "right")
    notes: dict[str, list[str]] = {}
    homes = [("", figures), *((v, home) for values in figures["by"].values() for v, home in values.items())]
    for label, home in homes:
        for error, kind in product(("leakage", "overkill"), ("rate", "share")):
            figure = home.get(error, {}).get(kind, {})
            if "corrected" not in figure:
                continue
            found = figure["corrected"]
            name = f"{label}: {error} {kind}" if label else f"{error} {kind}"
            limits = f"{percent(found['low'])} – {percent(found['high'])}"
            skill = (percent(found["sensitivity"]), percent(found["specificity"]))
            table.add_row(name, percent(figure["estimate"]), percent(found["estimate"]), limits, *skill)
            if found["note"]:
                notes.setdefault(found["note"], []).append(name)
    out.print()
    out.print(table)
    for note, concerned in notes.items():
        out.print(f"  [italic]{note}[/italic] ({'; '.join(concerned)})")


def measures(rates_only: bool) -> Iterator[tuple[str, str, str]]:
    for error in ("leakage", "overkill"):
        for kind in ("rate",) if rates_only else ("rate", "share"):
            for weight in ("",) if rates_only else WEIGHTS:
                yield error, kind, weight


def every_kind(figures: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for error in ("leakage", "overkill"):
        yield from figures.get(error, {}).values()


def percent(value: float | None) -> str:
    """Three figures that matter: 12.3 %, 0.42 %, 0.0031 %."""
    if value is None:
        return "–"
    number = value * 100
    if 0 < number < LEAST_PERCENT:
        return f"< {LEAST_PERCENT:g} %"
    digits = 1 if number >= 10 or number == 0 else 2 if number >= 0.1 else 4
    return f"{number:.{digits}f} %"


def problems(warnings: Sequence[object]) -> None:
    for warning in warnings:
        err.print(f"[yellow]warning[/yellow]: {warning}", markup=True)


@contextmanager
def progress(title: str) -> Iterator[Callable[[Progress], None]]:
    """A bar with rate and time left on standard error; silent where that is no terminal."""
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[items]:>12,} items"),
        TextColumn("{task.fields[rate]:>8,.0f}/s"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task(title, total=1.0, items=0, rate=0.0)

        def report(step: Progress) -> None:
            elapsed = bar.tasks[0].elapsed or 0.0
            rate = step.items / elapsed if elapsed else 0.0
            bar.update(task, completed=step.share or 0.0, items=step.items, rate=rate)

        yield report


def explanation(found: Why, *, show_text: bool) -> None:
    """One decision in full: what was decided, the values read, the rules tried, what would have flipped
    it."""
    decision = found.decision
    out.print(f"[bold]{decision['item_id']}[/bold]: {decision['action']}, because of {_because(decision)}")
    for name in ("policy", "queue", "escalate", "failure"):
        if decision[name]:
            out.print(f"  {name}: {decision[name]}", markup=False)
    out.print(f"  strategy: {decision['strategy']} {decision['strategy_version']}, arm {decision['arm']}")
    out.print(f"  detectors: {decision['detectors']}", markup=False)
    drawn = "drawn" if decision["audited"] else "not drawn"
    out.print(f"  audit: {drawn}, with probability {decision['audit_probability']:.4g}")
    if show_text and found.item["text"]:
        out.print(f"  text: {found.item['text']}", markup=False)
    values = Table(title="Values read", title_justify="left")
    values.add_column("signal")
    values.add_column("value", justify="right")
    for name, value in found.values.items():
        values.add_row(name, cell(value))
    out.print(values)
    for judge, (policy, clause) in found.cited.items():
        what = f"violates {policy}" if policy else "violates nothing"
        out.print(f"{judge} said: {what}" + (f", by clause {clause}" if clause else ""), markup=False)
    out.print("Rules, from the top:")
    out.print(str(found.explanation), markup=False)


def _because(decision: Mapping[str, Any]) -> str:
    return f"the rule {decision['rule']}" if decision["rule"] else str(decision["reason"])

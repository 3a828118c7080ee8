"""tidegate reviewers"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from tidegate.cli import options


@click.command("reviewers", short_help="How often reviewers err, from golds or from one another.")
@click.argument("labels", type=click.Path(path_type=Path))
@click.option(
    "--golds",
    type=click.Path(path_type=Path),
    help="Known answers: item_id and violates. Without them, from items that several people looked at.",
)
@click.option(
    "--by",
    callback=options.names,
    help="Groups: labeller, policy; with --groups group; with --run also language, market, …",
)
@click.option(
    "--groups",
    type=click.Path(path_type=Path),
    help="Which reviewer is of which team, for --by group: labeller and group.",
)
@click.option("--run", type=click.Path(path_type=Path), help="The run that the items are of.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(
    labels: Path,
    golds: Path | None,
    by: tuple[str, ...],
    groups: Path | None,
    run: Path | None,
    as_json: bool,
) -> None:
    """Sensitivity and specificity of those who gave LABELS, with intervals.

    Sensitivity is the share of violating items that they call violating, specificity the share of fine items
    that they call fine. `tidegate measure --golds` corrects figures by them.
    """
    from tidegate.runs.folder import RunFolder
    from tidegate.runs.reviewing import skills

    if groups is not None and golds is None:
        raise click.UsageError("--groups needs --golds: without them each reviewer is told alone.")
    rows = skills(labels, golds, by, None if run is None else RunFolder(run), groups)
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        _show(rows, golds=golds is not None)


def _show(rows: list[dict[str, Any]], *, golds: bool) -> None:
    from rich.table import Table

    from tidegate.cli import show

    table = Table(title="How often reviewers are right", title_justify="left")
    # Without golds the skill is inferred; the figure says how many answers to golds would tell as much.
    of = "answers" if golds else "worth, in golds"
    for name in ("", "sensitivity", "95 % interval", of, "specificity", "95 % interval", of):
        table.add_column(name, justify="left" if not name else "right")
    for row in rows:
        cells = [f"{row['group']} {row['value']}" if row["group"] else row["value"]]
        for name, answers in (("sensitivity", "of_violating"), ("specificity", "of_fine")):
            low, high = show.percent(row[f"{name}_low"]), show.percent(row[f"{name}_high"])
            cells += [show.percent(row[name]), f"{low} – {high}", f"{row[answers]:,.0f}"]
        table.add_row(*cells)
    show.out.print(table)
    for row in rows:
        if row["note"]:
            show.out.print(f"  {row['value']}: {row['note']}", markup=False)

"""tidegate score"""

from __future__ import annotations

from pathlib import Path

import click

from tidegate.cli import options
from tidegate.cli.evaluations import spent
from tidegate.names import counted

NOT_ALL = 3


@click.command("score", short_help="Compute signals only.")
@click.argument("posts", nargs=-1, required=True, metavar="FILE...")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Parquet file to write.")
@click.option(
    "--detectors", callback=options.some_names, help="Which detectors; all of the workspace unless told."
)
@options.reading
def command(
    posts: tuple[str, ...], out: Path, detectors: tuple[str, ...], columns: dict[str, str], form: str | None
) -> None:
    """Compute every signal of every item of FILE... and write them to one Parquet file.

    Exit status 3 says that some rows were rejected, or that a detector had no answer to some items.
    """
    from tidegate.cli import show
    from tidegate.runs.scoring import score_file

    with show.progress("scoring") as report:
        scored, rejects = score_file(posts, out, detectors, columns, form, report)
    click.echo(f"{counted(scored.items, 'item')} scored; written to {out}.")
    for judge, bill in scored.bills.items():
        click.echo(f"{judge}: {spent(bill)}.")
    for detector, reasons in scored.failed.items():
        failed = counted(reasons.total(), "item")
        click.echo(f"{detector} had no answer to {failed} of {scored.items:,}:", err=True)
        for reason, count in reasons.most_common(show.REASONS_SHOWN):
            click.echo(f"  {count:,} × {reason}", err=True)
        if (more := len(reasons) - show.REASONS_SHOWN) > 0:
            click.echo(f"  and {counted(more, 'other reason')}: see the column {detector}.failure", err=True)
    if rejects.count:
        show.rejected(rejects.count, rejects.summary(), f"{out}.rejected.jsonl")
    if rejects.count or scored.failed:
        raise click.exceptions.Exit(NOT_ALL)

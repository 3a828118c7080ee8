"""tidegate score"""

from __future__ import annotations

from pathlib import Path

import click

from tidegate.cli import options
from tidegate.names import counted


@click.command("score", short_help="Compute signals only.")
@click.argument("posts", nargs=-1, required=True, metavar="FILE...")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Parquet file to write.")
@click.option(
    "--detectors", callback=options.names, help="Which detectors; all of the workspace unless told."
)
@options.reading
def command(
    posts: tuple[str, ...], out: Path, detectors: tuple[str, ...], columns: dict[str, str], form: str | None
) -> None:
    """Compute every signal of every item of FILE... and write them to one Parquet file."""
    from tidegate.cli import show
    from tidegate.runs.scoring import score_file

    with show.progress("scoring") as report:
        items, rejects = score_file(posts, out, detectors, columns, form, report)
    click.echo(f"{counted(items, 'item')} scored; written to {out}.")
    if rejects.count:
        show.rejected(rejects.count, rejects.summary(), f"{out}.rejected.jsonl")
        raise click.exceptions.Exit(3)

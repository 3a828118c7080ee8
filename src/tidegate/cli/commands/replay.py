"""tidegate replay"""

from __future__ import annotations

from pathlib import Path

import click

from tidegate.cli.from_server import OfRun

SHOWN = 20


@click.command("replay", cls=OfRun, short_help="Recompute every decision from what was recorded.")
@click.argument("run", type=click.Path(path_type=Path))
def command(run: Path) -> None:
    """Recompute every decision of RUN from the values that it recorded, and report any difference.

    There must be none; exit status 1 says that there was.
    """
    from tidegate.cli import show
    from tidegate.runs.folder import RunFolder
    from tidegate.runs.replay import differences, recorded

    replayed = recorded(RunFolder(run))
    different = 0
    for frame in differences(replayed):
        if len(frame) and different < SHOWN:
            show.frame(frame.head(SHOWN - different))
        different += len(frame)
    total = replayed.manifest["items"]
    if different:
        click.echo(f"{different:,} differences in {total:,} decisions.", err=True)
        raise click.exceptions.Exit(1)
    click.echo(f"{total:,} decisions recomputed; none differs.")

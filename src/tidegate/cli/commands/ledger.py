"""tidegate ledger"""

from __future__ import annotations

from pathlib import Path

import click

from tidegate.cli import options
from tidegate.names import counted


@click.group("ledger", short_help="The record of every act: is it whole?")
def command() -> None:
    """The ledger holds a row for every act, each with the digest of the row before it."""


@command.command("verify", short_help="Check the chain from its first row to its last.")
@click.option(
    "--anchors",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Anchors to check against; anchors.jsonl of the workspace without it, where there is one.",
)
@options.workspace
def verify_command(anchors: Path | None, workspace: Path) -> None:
    """Name the first row that was changed, removed or put in; exit status 1 says that there is one."""
    from tidegate.server.boot import boot

    boot(workspace)

    from tidegate.server.ledger.actions import verify
    from tidegate.server.ledger.anchors import FILE, read

    if anchors is None and (workspace / FILE).is_file():
        anchors = workspace / FILE
    known = [] if anchors is None else read(anchors)
    rows, broken = verify(known)
    if broken is not None:
        click.echo(f"the ledger is broken: {broken.problem}", err=True)
        raise click.exceptions.Exit(1)
    through = f", through {counted(len(known), 'anchor')}" if known else ""
    click.echo(f"{counted(rows, 'row')}, and the chain holds{through}")


@command.command("anchor", short_help="The ledger's end as it is now, to be published.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Append it to this file.")
@options.workspace
def anchor_command(out: Path | None, workspace: Path) -> None:
    """Print the number and digest of the last row. Keep them where who writes to the database cannot."""
    from tidegate.server.boot import boot

    boot(workspace)

    from tidegate.server.ledger.anchors import anchor, line, write

    one = anchor()
    if out is not None:
        write(out, one)
    click.echo(line(one))

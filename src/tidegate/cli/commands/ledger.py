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
@options.workspace
def verify_command(workspace: Path) -> None:
    """Name the first row that was changed, removed or put in; exit status 1 says that there is one."""
    from tidegate.server.boot import boot

    boot(workspace)

    from tidegate.server.ledger.actions import verify

    rows, broken = verify()
    if broken is not None:
        click.echo(f"the ledger is broken: {broken.problem}", err=True)
        raise click.exceptions.Exit(1)
    click.echo(f"{counted(rows, 'row')}, and the chain holds")

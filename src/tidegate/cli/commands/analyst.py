"""tidegate analyst"""

from __future__ import annotations

from pathlib import Path

import click

from tidegate.cli import options


@click.command("analyst", short_help="Roles of PostgreSQL that read the reporting views.")
@click.argument("name")
@click.option("--zone", "zones", multiple=True, help="A zone that it reads; may be given several times.")
@click.option("--remove", is_flag=True, help="Take the role away.")
@options.workspace
def command(name: str, zones: tuple[str, ...], remove: bool, workspace: Path) -> None:
    """Let the role NAME read the views in the schema `reporting`, of these zones and no others.

    A new role is made, and its password printed, once. See docs/exports.md.
    """
    if remove == bool(zones):
        raise click.UsageError("Give the zones that the role reads, or --remove.")
    from tidegate.server.boot import boot

    boot(workspace)

    from tidegate.server.reporting.readers import remove_reader, set_reader

    if remove:
        remove_reader(name, actor=options.actor())
        click.echo(f"analyst {name}: removed")
        return
    password = set_reader(name, zones, actor=options.actor())
    click.echo(password or f"analyst {name}: reads {', '.join(sorted(set(zones)))}")

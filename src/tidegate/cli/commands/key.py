"""tidegate key"""

from __future__ import annotations

from pathlib import Path

import click

from tidegate.cli import options


@click.command("key", short_help="Make or revoke the key of an integration.")
@click.argument("name")
@click.option("--zone", help="The zone whose items it reads and writes, such as us.")
@click.option("--scope", "scopes", multiple=True, help="What it may do: items, events. Repeatable.")
@click.option("--revoke", is_flag=True, help="Revoke it, from the next request on.")
@options.workspace
def command(name: str, zone: str | None, scopes: tuple[str, ...], revoke: bool, workspace: Path) -> None:
    """Make the key NAME, and print it: it is not stored, and cannot be shown again."""
    if not revoke and (zone is None or not scopes):
        raise click.UsageError("A key needs a --zone and a --scope, such as --zone us --scope items.")
    from tidegate.server.boot import boot

    boot(workspace)

    from tidegate.server.people.keys import make_key, revoke_key

    if revoke:
        revoke_key(name, actor=options.actor())
        click.echo(f"key {name}: revoked")
    else:
        click.echo(make_key(name, zone or "", scopes, actor=options.actor()))

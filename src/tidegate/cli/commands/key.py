"""tidegate key"""

from __future__ import annotations

from pathlib import Path

import click

from tidegate.cli import options


@click.command("key", short_help="Make, list or revoke the keys of integrations.")
@click.argument("name", required=False)
@click.option("--zone", help="The zone whose items it reads and writes, such as us.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    help="What it may do: items, events, moderations, launches, exports, metrics. Repeatable.",
)
@click.option(
    "--per-minute", type=click.IntRange(1), help="Items that it may send a minute; no limit without."
)
@click.option("--revoke", is_flag=True, help="Revoke it, from the next request on.")
@click.option("--list", "listed", is_flag=True, help="List the keys, those in use first.")
@options.workspace
def command(
    name: str | None,
    zone: str | None,
    scopes: tuple[str, ...],
    per_minute: int | None,
    revoke: bool,
    listed: bool,
    workspace: Path,
) -> None:
    """Make the key NAME, and print it: it is not stored, and cannot be shown again."""
    if listed:
        if name is not None or revoke:
            raise click.UsageError("--list stands alone.")
    elif name is None:
        raise click.UsageError("Name the key, such as: tidegate key feed --zone us --scope items.")
    elif not revoke and (zone is None or not scopes):
        raise click.UsageError("A key needs a --zone and a --scope, such as --zone us --scope items.")
    from tidegate.server.boot import boot

    boot(workspace)

    from tidegate.server.people.keys import make_key, revoke_key

    if name is None:
        _list()
    elif revoke:
        revoke_key(name, actor=options.actor())
        click.echo(f"key {name}: revoked")
    else:
        click.echo(make_key(name, zone or "", scopes, actor=options.actor(), per_minute=per_minute))


def _list() -> None:
    import polars as pl
    from django.db.models import F

    from tidegate.cli import show
    from tidegate.server.people.models import ApiKey

    rows = [
        {
            "key": key.name,
            "zone": key.zone,
            "scopes": ", ".join(key.scopes),
            "items a minute": key.per_minute,
            "made": f"{key.created_at:%Y-%m-%d %H:%M} UTC",
            "last used": "never" if key.last_used_at is None else f"{key.last_used_at:%Y-%m-%d %H:%M} UTC",
            "revoked": None if key.revoked_at is None else f"{key.revoked_at:%Y-%m-%d %H:%M} UTC",
        }
        for key in ApiKey.objects.order_by(F("revoked_at").asc(nulls_first=True), "name")
    ]
    if rows:
        show.frame(pl.DataFrame(rows))
    else:
        click.echo("There is no key yet: tidegate key NAME --zone us --scope items")

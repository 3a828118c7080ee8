"""tidegate versions"""

from __future__ import annotations

from pathlib import Path

import click

from tidegate.cli import options


@click.command("versions", short_help="What was published, by whom and why, and what is active.")
@options.workspace
def command(workspace: Path) -> None:
    """List the published strategies, newest first; the one that decides is marked."""
    from tidegate.server.boot import boot

    boot(workspace)

    import polars as pl

    from tidegate.cli import show
    from tidegate.server.launches.actions import active
    from tidegate.server.launches.models import StrategyVersion

    now = active()
    rows = [
        {
            "strategy": version.name,
            "version": str(version.number),
            "active": now is not None and now[1].pk == version.pk,
            "label": version.label,
            "published": f"{version.published_at:%Y-%m-%d %H:%M} UTC",
            "by": version.published_by,
            "message": version.message,
        }
        for version in StrategyVersion.objects.order_by("-pk")
    ]
    if rows:
        show.frame(pl.DataFrame(rows))
    else:
        click.echo("Nothing was published yet: tidegate publish strategies/text.yaml --message …")

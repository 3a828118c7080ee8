"""tidegate export"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from tidegate.cli import options

TIME = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])


@click.command("export", short_help="What the service decided, as a run folder that every command reads.")
@click.option("--zone", required=True, help="The zone whose decisions are taken out, such as us.")
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="New folder to write."
)
@click.option("--strategy", help="Name of a published strategy; the one that is active without it.")
@click.option("--version", "number", type=click.IntRange(1), help="Its version; the newest without it.")
@click.option("--since", type=TIME, help="Decided from this time on (UTC).")
@click.option("--until", type=TIME, help="Decided before this time (UTC).")
@options.sliced("policy,language")
@options.workspace
def command(
    zone: str,
    out: Path,
    strategy: str | None,
    number: int | None,
    since: datetime | None,
    until: datetime | None,
    by: tuple[str, ...],
    workspace: Path,
) -> None:
    """Take the decisions of one strategy version in one zone out of the service, all of them, into a run
    folder: measure, backtest, tune, replay and explain read it as they read a run over files."""
    from tidegate.runs.population import check_slices
    from tidegate.server.boot import boot

    check_slices(by)
    boot(workspace)

    from tidegate.server.exports.choice import Choice, version_of
    from tidegate.server.exports.run_folder import write_run

    chosen = Choice(zone, version_of(strategy, number), _utc(since), _utc(until))
    summary = write_run(chosen, out, by, actor=options.actor())
    drawn = summary["audit"]["drawn"]
    click.echo(f"{summary['items']:,} decisions in {out}/, {drawn:,} of them drawn for audit (audit.csv)")


def _utc(when: datetime | None) -> datetime | None:
    return when and when.replace(tzinfo=UTC)

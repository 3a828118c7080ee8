"""tidegate export"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from tidegate.cli import options


@click.command("export", short_help="What the service decided, as a run folder that every command reads.")
@click.option("--zone", required=True, help="The zone whose decisions are taken out, such as us.")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="New folder, or with --table file, to write.",
)
@click.option(
    "--table",
    type=click.Choice(["items", "decisions", "events"]),
    help="One table instead, whole, as a file: .parquet, .csv, .jsonl, .xlsx or .hyper.",
)
@click.option(
    "--policy",
    help="What people said under this policy instead: posts, labels, feedback on the judge's answers; for "
    "`tidegate policy improve`.",
)
@click.option("--judge", default="judge", show_default=True, help="With --policy: whose answers.")
@click.option("--strategy", help="Name of a published strategy; the one that is active without it.")
@click.option("--version", "number", type=click.IntRange(1), help="Its version; the newest without it.")
@click.option("--since", type=options.TIME, help="Decided from this time on (UTC).")
@click.option("--until", type=options.TIME, help="Decided before this time (UTC).")
@options.sliced("policy,language")
@options.workspace
def command(
    zone: str,
    out: Path,
    table: str | None,
    policy: str | None,
    judge: str,
    strategy: str | None,
    number: int | None,
    since: datetime | None,
    until: datetime | None,
    by: tuple[str, ...],
    workspace: Path,
) -> None:
    """Take the decisions of one strategy version in one zone out of the service, all of them, into a run
    folder: measure, backtest, tune, replay and explain read it as they read a run over files.

    With --table: all rows of a table of the zone, by whichever version, as a file for other tools. With
    --policy: what people said under it.
    """
    from tidegate.runs.population import check_slices
    from tidegate.server.boot import boot

    check_slices(by)
    boot(workspace)

    if policy is not None:
        if table or strategy or number or until:
            raise click.UsageError("What people said is narrowed by --since alone.")
        _write_said(zone, policy, judge, out, options.utc(since))
        return
    if table is not None:
        if strategy or number:
            raise click.UsageError(
                "A table has the decisions of all versions; leave --strategy and --version out."
            )
        _write_table(table, zone, out, options.utc(since), options.utc(until))
        return
    from tidegate.server.exports.choice import Choice, pending_in
    from tidegate.server.exports.run_folder import write_run
    from tidegate.server.launches.reads import version_of

    chosen = Choice(zone, version_of(strategy, number), options.utc(since), options.utc(until))
    summary = write_run(chosen, out, by, actor=options.actor())
    drawn = summary["audit"]["drawn"]
    click.echo(f"{summary['items']:,} decisions in {out}/, {drawn:,} of them drawn for audit (audit.csv)")
    if waiting := pending_in(zone):
        click.echo(f"{waiting:,} items are pending, and not in it: `tidegate worker` decides them", err=True)


def _write_table(table: str, zone: str, out: Path, since: datetime | None, until: datetime | None) -> None:
    from tidegate.server.exports.files import write_file
    from tidegate.server.exports.tables import export

    count = write_file(export(table, zone, since, until), zone, out, actor=options.actor())
    click.echo(f"{count:,} {table} in {out}")


def _write_said(zone: str, policy: str, judge: str, out: Path, since: datetime | None) -> None:
    from tidegate.server.exports.said import write_said

    told = write_said(zone, policy, judge, out, actor=options.actor(), since=since)
    click.echo(f"{told.posts:,} posts with a label, and {told.feedback:,} with feedback, in {out}/")
    if told.open:
        click.echo(f"{told.open:,} left out, since people differ about them", err=True)

"""tidegate policy check"""

from __future__ import annotations

from pathlib import Path

import click

from tidegate.names import counted


@click.group("policy", short_help="Check written policies against their golden cases.")
def command() -> None:
    """Written policies and their golden cases."""


@command.command("check")
@click.argument("workspace", type=click.Path(path_type=Path), required=False)
@click.option("--all", "everything", is_flag=True, help="Also by language and difficulty.")
def check(workspace: Path | None, everything: bool) -> None:
    """Check that every policy of WORKSPACE is whole, and how many of its golden cases each detector gets
    right.

    Exit status 1 says that a floor set in tidegate.toml ([floors.<detector>]) was not met.
    """
    import polars as pl

    from tidegate.cli import show
    from tidegate.runs.policies import check_workspace

    checked = check_workspace(workspace)
    policies, results = checked.policies, checked.results
    cases = sum(len(found) for found in policies.golden.values())
    if checked.is_starter:
        click.echo("No tidegate.toml here: these are the starter policies that ship with Tidegate.", err=True)
    click.echo(
        f"{counted(len(policies), 'policy', 'policies')} of {checked.folder} are whole, with "
        f"{counted(cases, 'golden case')}."
    )
    overall = results.filter(pl.col("slice") == "all").drop("detector_version", "slice", "value")
    shown = results.drop("detector_version") if everything else overall
    show.frame(shown.with_columns(pl.col("share", "precision", "recall").round(2)))
    for line in checked.weak_spots():
        click.echo(f"  {line}")
    missed = results.filter(~pl.col("met"))
    if len(missed):
        click.echo(f"Not met: {counted(len(missed), 'floor')}.", err=True)
        raise click.exceptions.Exit(1)

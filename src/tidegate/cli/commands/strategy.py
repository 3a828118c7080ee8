"""tidegate strategy check, tidegate strategy sql"""

from __future__ import annotations

import click

from tidegate.cli import options
from tidegate.strategy import DIALECTS


@click.group("strategy", short_help="Check and explain a strategy; write it as SQL.")
def command() -> None:
    """Check and explain a strategy; write it as SQL."""


@command.command("check")
@click.argument("strategy")
@click.option("--against", help="Another strategy file: show the golden cases that end otherwise than by it.")
@options.let
def check(strategy: str, against: str | None, let: dict[str, float]) -> None:
    """Check STRATEGY and explain it: per rule the signals it needs and when they are computed.

    How the golden cases end of those policies that its rules name is said too.

    Every error is reported with its line and remedy (exit status 2); warnings tell of rules that can never
    match, and of a certificate beside the strategy (`tidegate tune`) that no longer speaks for it.
    """
    from datetime import UTC, datetime

    from tidegate.cli import show
    from tidegate.errors import PolicyError
    from tidegate.names import counted
    from tidegate.runs.bench import set_up
    from tidegate.runs.golden import by_policy, changed, golden_outcomes, in_short, not_allowed
    from tidegate.runs.tuning.certificate import stale
    from tidegate.strategy import describe

    bench = set_up(strategy, let=let)
    loaded = bench.strategy
    show.out.print(f"[bold]{loaded.name}[/bold] version {loaded.label}, {len(loaded.rules)} rules")
    rules = describe(loaded, bench.catalog).drop("warning")
    free = not rules["cost_money"].sum()
    show.frame(rules.drop("cost_money") if free else rules)
    forbidden: list[str] = []
    try:
        outcomes = golden_outcomes(bench)
        forbidden = not_allowed(bench)
    except PolicyError as error:
        show.problems([f"the golden cases were not tried: {error}"])
        outcomes = None
    if outcomes is not None and outcomes.height:
        show.out.print(in_short(outcomes))
        show.frame(by_policy(outcomes))
    if outcomes is not None and against is not None:
        others = changed(golden_outcomes(set_up(against)), outcomes)
        if others.height:
            show.frame(others, f"{counted(others.height, 'golden case')} ending otherwise than by {against}")
        else:
            show.out.print(f"Every golden case ends as it does by {against}.")
    show.problems([*loaded.warnings, *forbidden, *stale(loaded, bench.catalog, datetime.now(UTC))])


@command.command("sql")
@click.argument("strategy")
@click.option("--dialect", type=click.Choice(sorted(DIALECTS)), default="duckdb", show_default=True)
@click.option("--table", default="signals", show_default=True, help="Table that holds the signals.")
@options.let
def sql(strategy: str, dialect: str, table: str, let: dict[str, float]) -> None:
    """Write STRATEGY as one SQL query in your warehouse's dialect."""
    from tidegate.runs.bench import set_up
    from tidegate.strategy import to_sql

    click.echo(to_sql(set_up(strategy, let=let).strategy, dialect, table=table))

"""tidegate switch"""

from __future__ import annotations

from pathlib import Path

import click

from tidegate.cli import options

KINDS = ("rule", "detector", "strategy", "everything")
what = click.argument("kind", type=click.Choice(KINDS))
name = click.argument("name", default="")


@click.group("switch", short_help="Kill switches: a rule, a detector, a strategy, everything.")
def command() -> None:
    """Switch parts of the automation off at once, in every process, and on again.

    \b
    rule NAME       the rule is passed over: the next one that matches decides
    detector NAME   it is not asked: items that hang on it go to people
    strategy NAME   nothing is acted on by it: its items go to people instead
    everything      the same, whatever strategy is active

    What is off stays off, whatever is published or activated meanwhile. See docs/launches.md.
    """


@command.command("off")
@what
@name
@click.option("--because", required=True, help="Why: it stays on record.")
@options.workspace
def off(kind: str, name: str, because: str, workspace: Path) -> None:
    """Switch off a rule, a detector, a strategy, or everything."""
    _check(kind, name)
    from tidegate.server.boot import boot

    boot(workspace)

    from tidegate.server.launches.actions import switch_off
    from tidegate.server.launches.models import Kind

    click.echo(f"{switch_off(Kind(kind), name, because, actor=options.actor())}: off")


@command.command("on")
@what
@name
@options.workspace
def on(kind: str, name: str, workspace: Path) -> None:
    """Switch on again what was switched off."""
    _check(kind, name)
    from tidegate.server.boot import boot

    boot(workspace)

    from tidegate.server.launches.actions import switch_on
    from tidegate.server.launches.models import Kind

    click.echo(f"{switch_on(Kind(kind), name, actor=options.actor())}: on")


@command.command("list")
@options.workspace
def listed(workspace: Path) -> None:
    """List what is off: since when, by whom, why."""
    from tidegate.server.boot import boot

    boot(workspace)

    from tidegate.server.launches.reads import switched_off

    switches = switched_off()
    for one in switches:
        click.echo(f"{one}\toff since {one.off_at:%Y-%m-%d %H:%M} UTC\t{one.off_by}\t{one.reason}")
    if not switches:
        click.echo("Nothing is switched off.")


def _check(kind: str, name: str) -> None:
    if kind == "everything" and name:
        raise click.UsageError("'everything' has no name.")
    if kind != "everything" and not name:
        raise click.UsageError(f"Name the {kind}.")

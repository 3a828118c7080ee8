"""tidegate trial"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tidegate.cli import options


@click.command(
    "trial", short_help="Trials of how items are shown, on people who take part of their own will."
)
@click.argument("name", required=False)
@click.option("--setting", help="Begin one of this setting: blur, greyscale, mute, still or mask.")
@click.option("--area", "areas", multiple=True, help="A harm area that it is about. Repeatable.")
@click.option("--end", "ended", is_flag=True, help="End it: its result is made, who took part is forgotten.")
@options.workspace
def command(
    name: str | None, setting: str | None, areas: tuple[str, ...], ended: bool, workspace: Path
) -> None:
    """Begin or end the trial NAME; without a name, list trials and what came of them. See docs/care.md."""
    if (name is None) != (setting is None and not ended) or (setting is not None and ended):
        raise click.UsageError(
            "Name a trial, and begin it with --setting and --area, or end it with --end; nothing lists them."
        )
    from tidegate.server.boot import boot

    boot(workspace)

    from tidegate.server.care import trials

    if name is None:
        _list()
    elif ended:
        _show(trials.end(name, actor=options.actor()))
    else:
        trials.begin(name, setting or "", areas, actor=options.actor())
        click.echo(f"trial {name}: begun. People take part on /care/trials/, if they choose to.")


def _list() -> None:
    from tidegate.server.care import trials

    running, ended = trials.running(), trials.ended()
    if running is not None:
        enough = "enough" if trials.is_enough(running) else "too few"
        click.echo(
            f"{running.name}\truns since {running.begun_at:%Y-%m-%d}\t{running.setting} on "
            f"{', '.join(running.areas)}\t{enough} people take part for a result"
        )
    for one in ended:
        _show(one)
    if running is None and not ended:
        click.echo("There is none: tidegate trial NAME --setting blur --area violence")


def _show(trial: Any) -> None:
    about = f"{trial.setting} on {', '.join(trial.areas)}"
    click.echo(f"{trial.name}\t{trial.begun_at:%Y-%m-%d} to {trial.ended_at:%Y-%m-%d}\t{about}")
    for measure, found in (trial.result or {}).items():
        on, off = (
            f"{side} {found[side]['estimate']:.2f} ({found[side]['low']:.2f} to {found[side]['high']:.2f}, "
            f"{found[side]['people']} people)"
            for side in ("on", "off")
        )
        change = f"{found['estimate']:+.2f} ({found['low']:+.2f} to {found['high']:+.2f})"
        click.echo(f"  {measure}: {on}; {off}; difference {change}, 95 % intervals")
    if not trial.result:
        click.echo("  too few took part: there is no result, and what was said is deleted")

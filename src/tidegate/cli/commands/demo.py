"""tidegate demo"""

from __future__ import annotations

from pathlib import Path

import click


@click.command("demo", short_help="Moderate a generated stream with known truth, and show the result.")
@click.option(
    "--out", default="demo-run", show_default=True, type=click.Path(path_type=Path), help="Run folder."
)
@click.option("--items", "count", default=20_000, show_default=True, type=click.IntRange(1))
@click.option("--seed", default=7, show_default=True)
def command(out: Path, count: int, seed: int) -> None:
    """Moderate a generated week of mild posts, in English and Chinese, whose truth is known.

    The table shows what the audit sample alone says, with its interval, next to the truth, so that you can
    see for yourself that the estimate can be trusted. A former demo in the same folder is replaced.
    """
    from tidegate.cli import show
    from tidegate.runs.bench import set_up
    from tidegate.runs.demo import run_demo

    bench = set_up("starter")
    with show.progress("moderating") as report:
        summary = run_demo(out, bench, count, seed, report)
    show.summary(summary)
    click.echo(f"\nWritten to {out}/. Look further:")
    for line in (
        f'tidegate sql {out} "select action, rule, count(*) from decisions group by all order by 3 desc"',
        f"tidegate measure {out} --by market,surface",
        f"tidegate replay {out}",
        f"tidegate explain {out} {summary['example']}",
    ):
        click.echo(f"  {line}")

"""tidegate demo"""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import click

SITE = "site"
"""The folder in the demo's run in which its service lives."""


@click.command("demo", short_help="Moderate a generated stream with known truth, and show the result.")
@click.option(
    "--out", default="demo-run", show_default=True, type=click.Path(path_type=Path), help="Run folder."
)
@click.option("--items", "count", default=20_000, show_default=True, type=click.IntRange(1))
@click.option("--seed", default=7, show_default=True)
@click.option(
    "--serve/--no-serve", default=True, show_default=True, help="Start the service on some of the posts."
)
@click.option("--port", type=click.IntRange(1, 65_435), default=8080, show_default=True)
@click.option("--stop", is_flag=True, help="Stop the service of a former demo; nothing else.")
def command(out: Path, count: int, seed: int, serve: bool, port: int, stop: bool) -> None:
    """Moderate a generated week of mild posts, in English and Chinese, whose truth is known.

    The table shows what the audit sample alone says, with its interval, next to the truth, so that you can
    see for yourself that the estimate can be trusted. A former demo in the same folder is replaced.

    It ends with the service running on some of the posts, and says where to look and how to sign in.
    """
    from tidegate.cli import background, show
    from tidegate.runs.bench import set_up
    from tidegate.runs.demo import run_demo

    if background.stop(out / SITE):
        click.echo(f"The service of the demo in {out}/ is stopped.", err=True)
    elif stop:
        click.echo(f"No service of a demo in {out}/ was running.", err=True)
    if stop:
        return
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
    if serve and importlib.util.find_spec("granian") is None:
        click.echo("\nTo see it in the service: pip install 'tidegate[server]', and again.")
    elif serve:
        _serve(out, port)


def _serve(out: Path, port: int) -> None:
    """A service of the demo's own, with a share of its posts, that goes on when the command ends."""
    import os

    import polars as pl

    from tidegate.cli import background, show
    from tidegate.runs.demo import POSTS
    from tidegate.runs.moderate import Progress
    from tidegate.runs.workspace import FILE, lay_out
    from tidegate.server.boot import boot
    from tidegate.server.demo_settings import CARE, QUEUES

    site = out / SITE
    shutil.rmtree(site, ignore_errors=True)
    lay_out(site, "demo")
    with (site / FILE).open("a", encoding="utf-8") as settings:
        settings.write(QUEUES + CARE)
    os.environ.pop("DATABASE_URL", None)  # the demo never writes to a database that somebody uses
    boot(site)

    from tidegate.server.demo_site import SHOWN, add_people, populate

    posts = pl.read_parquet(out / POSTS).head(SHOWN)
    strategy = site / "strategies" / "text.yaml"
    with show.progress("a week goes by") as report:
        answers = populate(strategy, posts, lambda number: report(Progress(number, 0, number / len(posts))))
    people = add_people()
    url = background.start(site, port)
    click.echo(f"\nThe service runs at {url} with {len(posts):,} of the posts.")
    click.echo(f"Thirty reviewers gave {answers:,} answers, and left some for you. Sign in as")
    for name, who in (
        ("mo", "a moderator"),
        ("ada", "a lead, program manager, policy person, analyst, auditor and admin"),
        ("ben", "a second lead, who agrees to what ada proposes"),
    ):
        click.echo(f"  {name:4} {people[name].password}   {who}")
        if people[name].codes:
            click.echo(f"       then one of the codes {', '.join(people[name].codes)}")
    click.echo(f"Stop it: tidegate demo --out {out} --stop")

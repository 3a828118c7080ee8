"""Commands that read a run read the service as well: `--from server --zone us` in place of the run.

The decisions of the active strategy are taken out into a run folder, which is gone when the command ends.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from tidegate.cli import options
from tidegate.errors import TidegateError, Where

AUDIT = "audit.csv"
TAKEN = "tidegate.taken"
"""Where a command keeps what was taken out for it: the folder, and the zone."""

HELP = (
    "In place of a run: --from server --zone ZONE, what the service has decided there; "
    "with --since DATE, from then on (UTC)."
)


class OfRun(click.Command):
    """A command whose argument or option `run` may be the service."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        given = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
        given.add_argument("--from", dest="source")
        given.add_argument("--zone")
        given.add_argument("--since")
        asked, rest = given.parse_known_args(args)
        if asked.source is None:
            return super().parse_args(ctx, args)
        if asked.source != "server" or asked.zone is None:
            raise click.UsageError("What the service decided is read with --from server --zone us.", ctx)
        since = None if asked.since is None else options.utc(options.TIME.convert(asked.since, None, ctx))
        run = Path(ctx.with_resource(tempfile.TemporaryDirectory(prefix="tidegate-"))) / "run"
        _take_out(asked.zone, since, run)
        ctx.meta[TAKEN] = (run, asked.zone)
        optional = any(isinstance(one, click.Option) and one.name == "run" for one in self.params)
        return super().parse_args(ctx, ["--run", str(run), *rest] if optional else [str(run), *rest])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except TidegateError as error:
            if TAKEN in ctx.meta:
                _speak_of_the_service(error, *ctx.meta[TAKEN])
            raise

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.indentation():
            formatter.write_text(HELP)
        super().format_epilog(ctx, formatter)


def _take_out(zone: str, since: datetime | None, out: Path) -> None:
    from tidegate.server.boot import boot

    boot(Path())

    from tidegate.server.exports.choice import Choice
    from tidegate.server.exports.run_folder import write_run
    from tidegate.server.launches.reads import version_of

    write_run(Choice(zone, version_of(None, None), since), out, (), actor=options.actor())


def _speak_of_the_service(error: TidegateError, run: Path, zone: str) -> None:
    """The folder is gone by the time that somebody reads of it: name the service in its place."""
    source = f"--from server --zone {zone}"
    if error.where.file is not None and Path(error.where.file).is_relative_to(run):
        error.where = Where(f"server, zone {zone}", error.where.line, error.where.field)
    if error.remedy is not None and str(run / AUDIT) in error.remedy:
        error.remedy = (
            f"Take the audit sample out with `tidegate export --zone {zone} --out FOLDER`, have people fill "
            f"in the column violates of FOLDER/{AUDIT}, and pass it with --labels."
        )
    elif error.remedy is not None:
        error.remedy = error.remedy.replace(str(run), source)

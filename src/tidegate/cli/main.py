"""`tidegate`: the group of commands. Each command's module is imported only when it is called."""

from __future__ import annotations

import importlib
import sys

import click

import tidegate
from tidegate.errors import TidegateError

SECTIONS: dict[str, dict[str, str]] = {
    "Set up": {
        "init": "Lay out a workspace: tidegate.toml, policies/, strategies/.",
        "policy": "Check written policies against their golden cases.",
        "strategy": "Check and explain a strategy; write it as SQL.",
        "train": "Train the embedded text-risk model.",
    },
    "Decide": {
        "demo": "Moderate a generated stream with known truth, and show the result.",
        "moderate": "Decide every item of a file; write a run folder.",
        "score": "Compute signals only.",
    },
    "Prove": {
        "measure": "Leakage and overkill of a run, with intervals, by any slice.",
        "backtest": "Try another strategy on a recorded run.",
        "replay": "Recompute every decision from what was recorded.",
        "explain": "Why one item was decided as it was, and what would have flipped it.",
        "sql": "Ask a run in SQL: items, signals, decisions, truth.",
    },
}
INTERRUPTED = 130


class Commands(click.Group):
    """A group that knows its commands' names and first lines without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for commands in SECTIONS.values() for name in commands]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"tidegate.cli.commands.{name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.list_commands(ctx) and not args[0].startswith("-"):
            from tidegate.names import nearest

            hint = nearest(args[0], self.list_commands(ctx))
            ctx.fail(f"There is no command '{args[0]}'. {hint}".strip())
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for section, commands in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl(list(commands.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(tidegate.__version__, prog_name="tidegate")
def tidegate_command() -> None:
    """Moderation automation you can prove.

    Written policies and a strategy (SQL conditions over signals) turn posts into decisions; audit samples
    turn decisions into leakage (harm that got through) and overkill (good content that was stopped), each
    with an interval.

    \b
    Start here:
      tidegate init my-platform && cd my-platform
      tidegate moderate posts.csv --strategy strategies/text.yaml --out run/
      tidegate measure run/ --labels run/audit.csv       # once people have filled it in

    Exit status: 0 done · 1 a check did not hold · 2 something to mend, said on standard error ·
    3 done, but some rows were rejected · 130 interrupted.
    """


def main() -> None:
    try:
        # Outside its standalone mode click returns the status of an Exit instead of leaving with it.
        sys.exit(tidegate_command(standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except TidegateError as error:
        click.echo(f"{click.style('error', fg='red', bold=True)}: {error}", err=True)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output has gone (`tidegate sql … | head`); there is nobody left to tell.
        sys.stderr.close()
        sys.exit(0)


if __name__ == "__main__":
    main()

"""`tidegate`: the group of commands. Each command's module is imported only when it is called."""

from __future__ import annotations

import _thread
import importlib
import signal
import sys
from types import FrameType

import click

import tidegate
from tidegate.errors import TidegateError

SECTIONS: dict[str, dict[str, str]] = {
    "Set up": {
        "init": "Lay out a workspace: tidegate.toml, policies/, strategies/.",
        "policy": "Check written policies, keep their versions, try judges on them.",
        "strategy": "Check and explain a strategy; write it as SQL.",
        "train": "Train a text model on labels of your own, or on public sets.",
    },
    "Decide": {
        "demo": "Moderate a generated stream with known truth, and show the result.",
        "moderate": "Decide every item of a file; write a run folder.",
        "score": "Compute signals only.",
    },
    "Prove": {
        "plan-labels": "How many labels a figure needs, and the design that needs fewest.",
        "measure": "Leakage and overkill of a run, with intervals, by any slice.",
        "reviewers": "How often reviewers err, from golds or from one another.",
        "gate": "Advance, hold or roll back an arm, on evidence that may be looked at daily.",
        "tune": "New let: numbers, with a certificate that limits are kept.",
        "cascade": "What a cheap filter and a dear judge are worth together.",
        "drift": "What has changed since a reference run: scores, mix, errors.",
        "backtest": "Try another strategy on a recorded run.",
        "causes": "Where a run leaks and over-kills, and what would fix it.",
        "replay": "Recompute every decision from what was recorded.",
        "explain": "Why one item was decided as it was, and what would have flipped it.",
        "sql": "Ask a run in SQL: items, signals, decisions, truth.",
    },
    "Serve": {
        "serve": "Run the service: items in over HTTP, decisions out.",
        "publish": "Publish a strategy as a version that never changes.",
        "activate": "Let a published version decide: forward, or back.",
        "propose": "Ask a second person to let a version decide.",
        "switch": "Kill switches: a rule, a detector, a strategy, everything.",
        "versions": "What was published, by whom and why, and what is active.",
        "export": "What the service decided, as a run folder that every command reads.",
        "analyst": "Roles of PostgreSQL that read the reporting views.",
        "key": "Make, list or revoke the keys of integrations.",
        "webhook": "Where decisions are delivered; what could not be.",
        "worker": "Deliver what was decided, finish what is pending, do the day's work.",
        "ledger": "The record of every act: is it whole?",
        "person": "Who signs in: add people, give roles and zones.",
        "trial": "Trials of how items are shown, on people who take part of their own will.",
        "hold": "Legal holds: what must not be erased.",
        "erase": "Erase content and people's data on request; statistics stay whole.",
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
        module = importlib.import_module(f"tidegate.cli.commands.{name.replace('-', '_')}")
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
    3 done, but some rows were rejected or (`score`) got no answer · 4 a gate holds · 5 a gate rolls back ·
    130 interrupted.
    """


def main() -> None:
    pressed = ctrl_c_presses()
    try:
        # Outside its standalone mode click returns the status of an Exit instead of leaving with it.
        status = tidegate_command(standalone_mode=False)
    except BaseException as error:
        status = told(error, interrupted=bool(pressed))
    sys.exit(status)


def ctrl_c_presses() -> list[int]:
    """A list that grows with every Ctrl-C, which is raised as `KeyboardInterrupt` all the same."""
    pressed: list[int] = []

    def press(number: int, _: FrameType | None) -> None:
        pressed.append(number)
        raise KeyboardInterrupt

    def press_again(lost: sys.UnraisableHookArgs) -> None:
        # Raised where Python may not raise (a library's callback), the press would do nothing.
        if issubclass(lost.exc_type, KeyboardInterrupt):
            _thread.interrupt_main()
        else:
            sys.__unraisablehook__(lost)

    # A shell has background jobs ignore Ctrl-C, and that is to stay so.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, press)
        sys.unraisablehook = press_again
    return pressed


def told(error: BaseException, *, interrupted: bool) -> int:
    """Say on standard error what ended the command, and give the exit status.

    A fault of ours is raised again.
    """
    # Interrupted within a database or another library, Ctrl-C may come back as an error of theirs.
    if interrupted or isinstance(error, (KeyboardInterrupt, click.Abort)):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    if isinstance(error, click.ClickException):
        error.show()
        parameter = getattr(error, "param", None)
        if isinstance(parameter, click.Option) and parameter.help:
            click.echo(f"  → {parameter.opts[-1]}: {parameter.help}", err=True)
        return error.exit_code
    if isinstance(error, TidegateError):
        click.echo(f"{click.style('error', fg='red', bold=True)}: {error}", err=True)
        return error.exit_code
    if isinstance(error, BrokenPipeError) or "os error 32" in str(error):
        # The reader of our output has gone (`tidegate sql … | head`); there is nobody left to tell.
        sys.stderr.close()
        return 0
    if isinstance(error, OSError) and error.filename is not None:
        # A folder that is not there, a file where a folder should be, no right to write.
        click.echo(
            f"{click.style('error', fg='red', bold=True)}: {error.filename}: {error.strerror}", err=True
        )
        click.echo("  → Check the path, and that you may read and write there.", err=True)
        return TidegateError.exit_code
    raise error


if __name__ == "__main__":
    main()

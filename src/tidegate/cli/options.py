"""Options that several commands share, so that they are spelt and explained once."""

from __future__ import annotations

import getpass
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

TIME = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])
"""A day, or a moment, in UTC."""

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def pairs(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """`--map text=body` given several times, as a dictionary."""
    found = {}
    for value in values:
        name, equals, other = value.partition("=")
        if not (equals and name):
            raise click.BadParameter(f"'{value}' is not {parameter.make_metavar(context)}", param=parameter)
        found[name] = other
    return found


def names(_: click.Context, __: click.Parameter, value: str | None) -> tuple[str, ...]:
    """`policy,language` as a tuple."""
    return tuple(name.strip() for name in (value or "").split(",") if name.strip())


def some_names(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[str, ...]:
    """As `names`, where an option that is given must name something: `--detectors ""` is a slip in a script,
    and not all of them."""
    found = names(context, parameter, value)
    if value is not None and not found:
        raise click.BadParameter("this names nothing; leave the option out for all", param=parameter)
    return found


def numbers(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, float]:
    found = {}
    for name, text in pairs(context, parameter, values).items():
        try:
            found[name] = float(text)
        except ValueError as error:
            raise click.BadParameter(f"'{text}' is not a number, such as 0.9", param=parameter) from error
    return found


def days(_: click.Context, parameter: click.Parameter, value: str | None) -> timedelta | None:
    """`7d` or `7` as a time."""
    if value is None:
        return None
    found = re.fullmatch(r"([1-9][0-9]{0,4})d?", value.strip())
    if not found:
        raise click.BadParameter(f"'{value}' is no number of days, such as 7d", param=parameter)
    return timedelta(days=int(found.group(1)))


def utc(when: datetime | None) -> datetime | None:
    """A moment as `TIME` reads it, with its zone."""
    return when and when.replace(tzinfo=UTC)


def reading(command: Callable[..., Any]) -> Callable[..., Any]:
    """How a file of items is read."""
    options: list[Decorator] = [
        click.option(
            "--map",
            "columns",
            multiple=True,
            callback=pairs,
            metavar="OURS=THEIRS",
            help="Which column of the file is ours: --map text=body; --map id=row_number if there is none.",
        ),
        click.option(
            "--format",
            "form",
            type=click.Choice(["csv", "jsonl", "parquet"]),
            help="Format of the input, where its name does not tell (standard input).",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def sliced(default: str | None) -> Decorator:
    return click.option(
        "--by",
        default=default,
        callback=names,
        show_default=default is not None,
        help="Slices, such as policy,language,market,rule.",
    )


let = click.option(
    "--let",
    multiple=True,
    callback=numbers,
    metavar="NAME=NUMBER",
    help="Set one of the strategy's let: numbers for this run: --let hate_remove=0.9.",
)

workspace = click.option(
    "--workspace",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("."),
    help="The workspace that the service serves; the working folder without it.",
)


def actor() -> str:
    """Who acts when a command of the service is run: the system's user."""
    return f"cli:{getpass.getuser()}"

"""Where a command writes is looked at before it does any work: nothing that exists is written over."""

from __future__ import annotations

from pathlib import Path

from tidegate.errors import RunError, Where


def new(out: Path) -> None:
    """Refuse a file that exists, or that cannot be made.

    Raises:
        RunError: it exists already, or its folder does not.
    """
    unused(out)
    if not out.absolute().parent.is_dir():
        raise RunError(
            "the folder for the output does not exist", where=Where(out), remedy="Make it, or name another."
        )


def unused(out: Path) -> None:
    """Refuse a file that exists.

    Raises:
        RunError: it exists already.
    """
    if out.exists():
        raise RunError("the output file exists already", where=Where(out), remedy="Name another.")

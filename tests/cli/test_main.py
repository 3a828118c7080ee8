"""`tidegate` itself: its help, its errors, its exit statuses, and how fast it starts to speak."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.warm import Warm

from tidegate.cli.main import SECTIONS, tidegate_command

COMMANDS = {name: line for commands in SECTIONS.values() for name, line in commands.items()}


def tidegate(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tidegate.cli.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)


def test_help_names_every_command_with_its_own_first_line() -> None:
    shown = tidegate("--help").stdout
    for name in COMMANDS:
        assert f"  {name} " in shown
        command = tidegate_command.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None
        assert command.short_help == COMMANDS[name]


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from tidegate.cli.main import tidegate_command\n"
        "try: tidegate_command(['--help'])\n"
        "except SystemExit: pass\n"
        "print([m for m in ('polars', 'numpy', 'duckdb', 'sqlglot', 'scipy', 'rich') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_an_unknown_command_names_the_nearest() -> None:
    done = tidegate("mesure")
    assert done.returncode == 2
    assert "Did you mean 'measure'?" in done.stderr


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help(name: str, warm: Warm) -> None:
    done = warm.run(name, "--help")
    assert done.returncode == 0, done.stderr
    assert b"Usage:" in done.stdout


def test_an_error_says_what_where_and_what_to_do(tmp_path: Path) -> None:
    done = tidegate("replay", str(tmp_path))
    assert done.returncode == 2
    assert "this is not a run folder: it has no run.json" in done.stderr
    assert "→ Name a folder that" in done.stderr
    assert "Traceback" not in done.stderr

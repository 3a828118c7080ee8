"""The workspace: tidegate.toml and the folders beside it.

A command finds its workspace by walking up from the strategy (or the working folder) to the nearest
tidegate.toml; where there is none, the starter workspace that ships with the package stands in, so that
every command also works on a bare file.
"""

from __future__ import annotations

import json
import secrets
import shutil
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tidegate.errors import Where, WorkspaceError
from tidegate.names import nearest
from tidegate.policy.folder import PolicyFolder
from tidegate.policy.ladder import Ladder
from tidegate.policy.settings import ladder_from

FILE = "tidegate.toml"
STARTER = Path(__file__).parent.parent / "starter"
SECTIONS = (
    *("workspace", "audit", "ladder", "detectors", "floors"),
    *("intake", "webhooks", "queues", "review", "care", "launches", "retention", "sign_in"),  # of the service
)


@dataclass(frozen=True)
class Workspace:
    """What the commands need to know of a workspace.

    `floors` is detector → policy id → least share of golden cases right; `audit_seed` decides, with the
    item's id, who is drawn for the audit sample, so it is kept from the people who post.
    """

    root: Path
    name: str
    policies: Path
    ladder: Ladder
    detectors: Mapping[str, Mapping[str, object]]
    floors: Mapping[str, Mapping[str, float]]
    audit_seed: str

    @property
    def policy_folder(self) -> PolicyFolder:
        return PolicyFolder(self.policies, self.ladder)


def find_workspace(start: Path) -> Workspace:
    """The workspace that `start` (a file or folder) lies in, or the starter workspace."""
    here = start.resolve()
    for folder in (here, *here.parents):
        if (folder / FILE).is_file():
            return load_workspace(folder)
    return load_workspace(STARTER)


def read_file(root: Path) -> dict[str, Any]:
    """What stands in `root`/tidegate.toml.

    Raises:
        WorkspaceError: there is no such file, or it is not TOML.
    """
    path = root / FILE
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise WorkspaceError(
            f"there is no {FILE} here",
            where=Where(root),
            remedy="Lay a workspace out with `tidegate init FOLDER`, and name it with --workspace.",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WorkspaceError(
            f"not valid TOML: {error}", where=Where(path), remedy="Mend the line."
        ) from error


def load_workspace(root: Path) -> Workspace:
    """Read `root`/tidegate.toml.

    Raises:
        WorkspaceError: the file is not TOML, or holds an unknown section or a value of the wrong type.
    """
    path, settings = root / FILE, read_file(root)
    for section in settings:
        if section not in SECTIONS:
            raise WorkspaceError(
                f"unknown section [{section}]",
                where=Where(path, field=section),
                remedy=f"{nearest(section, SECTIONS)}Sections are {', '.join(SECTIONS)}.",
            )
    about = _table(settings, "workspace", path)
    audit = _table(settings, "audit", path)
    return Workspace(
        root=root,
        name=_text(about, "name", root.name, path),
        policies=root / _text(about, "policies", "policies", path),
        ladder=ladder_from(_table(settings, "ladder", path), path),
        detectors=_tables(settings, "detectors", path),
        floors=_floors(settings, path),
        audit_seed=_text(audit, "seed", "tidegate", path),
    )


def lay_out(target: Path, name: str | None = None) -> list[Path]:
    """Lay out a new workspace in `target` from the starter files; returns what was written.

    Raises:
        WorkspaceError: the folder already holds something. Nothing is written then.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise WorkspaceError(
            "this is not an empty folder" if target.is_dir() else "this is a file, not a folder",
            where=Where(target),
            remedy="Name a folder that does not exist yet.",
        )
    target.mkdir(parents=True, exist_ok=True)
    shutil.copytree(STARTER, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    config = target / FILE
    text = config.read_text(encoding="utf-8")
    # A JSON string is a TOML string too, whatever quotes and backslashes it holds.
    quoted = json.dumps(name or target.resolve().name, ensure_ascii=False)
    text = text.replace('name = "starter"', f"name = {quoted}", 1)
    text = text.replace('seed = "tidegate"', f'seed = "{secrets.token_hex(16)}"', 1)
    config.write_text(text, encoding="utf-8")
    return sorted(path for path in target.rglob("*") if path.is_file())


def _table(settings: Mapping[str, Any], key: str, path: Path) -> dict[str, Any]:
    value = settings.get(key, {})
    if not isinstance(value, dict):
        raise WorkspaceError("this must be a section", where=Where(path, field=key), remedy=f"Write [{key}].")
    return value


def _tables(settings: Mapping[str, Any], key: str, path: Path) -> dict[str, dict[str, Any]]:
    table = _table(settings, key, path)
    return {name: _table(table, name, path) for name in table}


def _text(table: Mapping[str, Any], key: str, default: str, path: Path) -> str:
    value = table.get(key, default)
    if not isinstance(value, str) or not value:
        raise WorkspaceError("this must be text", where=Where(path, field=key), remedy=f'Write {key} = "…".')
    return value


def _floors(settings: Mapping[str, Any], path: Path) -> dict[str, dict[str, float]]:
    floors = _tables(settings, "floors", path)
    for detector, table in floors.items():
        for policy, floor in table.items():
            if not isinstance(floor, int | float) or isinstance(floor, bool) or not 0 <= floor <= 1:
                raise WorkspaceError(
                    "a floor is a share of golden cases, from 0 to 1",
                    where=Where(path, field=f"floors.{detector}.{policy}"),
                    remedy=f'Write "{policy}" = 0.6, say.',
                )
    return floors

"""What several processes of one test run share is made by the one that asks first."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def made_once(folders: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder of this name, which `make` has filled; to be copied from, since others read it too."""
    here = folders.getbasetemp()
    root = here.parent if "PYTEST_XDIST_WORKER" in os.environ else here
    folder, begun = root / name, root / f"{name}.begun"
    with FileLock(root / f"{name}.lock"):
        if not folder.exists():
            begun.mkdir()
            make(begun)
            begun.rename(folder)
    return folder

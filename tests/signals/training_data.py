"""The sets that the text models are trained on, which are no part of the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

DATA = Path(os.environ.get("TIDEGATE_DATA", Path(__file__).parents[2] / ".." / "shared" / "data"))
needs_data = pytest.mark.skipif(
    not DATA.is_dir(), reason="TIDEGATE_DATA names no folder with the training sets"
)

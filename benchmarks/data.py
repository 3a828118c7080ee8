"""Where the public data sets lie that some benchmarks read."""

from __future__ import annotations

import os
from pathlib import Path

DATA = Path(os.environ.get("TIDEGATE_DATA", Path(__file__).parents[1] / ".." / "shared" / "data"))

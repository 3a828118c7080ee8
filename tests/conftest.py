"""For all tests: no example is judged by how long it took, since machines are busy."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("tidegate", deadline=None)
settings.load_profile("tidegate")

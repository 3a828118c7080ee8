"""For all tests: no example is judged by how long it took, since machines are busy.

The examples of a property are the same on every run, so that a change is judged by what it changes;
HYPOTHESIS_PROFILE=explore tries new ones.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings
from tests.warm import ENGINE, Warm

settings.register_profile("tidegate", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "tidegate"))


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    """Commands on files, each in a process of its own that need not import everything anew."""
    made = Warm(*ENGINE)
    yield made
    made.close()

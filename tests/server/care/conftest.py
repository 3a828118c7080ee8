"""Care over the workspace of the other tests, in the scope of all zones, with settings of each test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.server.test_review import reported

Site = Callable[..., None]


@pytest.fixture
def site(inside: Path) -> Iterator[Site]:
    """`site(per_hour=16)` writes the section [care]; it is taken away when the test is done."""
    from tidegate.server.care.settings import care_of

    file = inside / "tidegate.toml"
    before = file.read_text()

    def write(more: str = "", **fields: Any) -> None:
        lines = [f"{name} = {str(value).lower()}" for name, value in fields.items()]
        file.write_text("\n".join([before, "[care]", *lines, more]))
        care_of.cache_clear()

    write()
    yield write
    file.write_text(before)
    care_of.cache_clear()


def waiting(*weights: int, policy: str | None = None) -> list[Any]:
    """A task of each weight, in the order in which they are given out."""
    from tidegate.server.review.models import State, Task

    tasks = []
    for number, weight in enumerate(weights):
        item = reported()
        Task.objects.filter(item=item, state=State.OPEN).update(severity=weight, rank=number, policy=policy)
        tasks.append(Task.objects.get(item=item, state=State.OPEN))
    return tasks


def weights(tasks: list[Any]) -> list[int]:
    return [task.severity for task in tasks]

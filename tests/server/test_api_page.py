"""The examples of docs/api.md are run against a service."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from tests.server.conftest import running

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
BLOCK = re.compile(r"^```python with-service\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SCOPES = ("items", "events", "moderations", "launches", "exports")


def test_every_example_does_what_the_page_says(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    page = PAGE.read_text(encoding="utf-8")
    with running(tmp_path / "site", environment, four_eyes=True, folders=tmp_path_factory) as service:
        scopes = [word for scope in SCOPES for word in ("--scope", scope)]
        made = service.command("key", "all", "--zone", "us", *scopes)
        names = {"base": service.url, "key": made.stdout.strip(), "__name__": "example"}
        for block in BLOCK.finditer(page):
            # The page's own line numbers, so that a failure points at the example.
            line = page[: block.start()].count("\n") + 1
            exec(compile("\n" * line + block.group(1), str(PAGE), "exec"), names)

"""The examples of README and docs are executed, page by page, in order, in an empty folder.

```python blocks share one namespace per page; in ```console blocks every line that begins with `$ ` is run
and must succeed (`# exit 3` at its end says which other status is meant).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.warm import Warm

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(python|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXPECTED = re.compile(r"\s+# exit (\d+)$")


@pytest.fixture(scope="session")
def commands(warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to look for `tidegate` in."""
    folder = tmp_path_factory.mktemp("commands")
    warm.shim(folder)
    return folder


def run_line(line: str, folder: Path, commands: Path) -> None:
    expected = EXPECTED.search(line)
    status = int(expected.group(1)) if expected else 0
    path = os.pathsep.join([str(commands), str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-c", EXPECTED.sub("", line)],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, f"{line}\n{done.stderr[-2000:]}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_example_of_a_page_runs(
    page: Path, tmp_path: Path, commands: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "example"}
    for block in BLOCK.finditer(page.read_text(encoding="utf-8")):
        language, text = block.groups()
        if language == "python":
            line = page.read_text(encoding="utf-8")[: block.start()].count("\n") + 1
            # The page's own line numbers, so that a failure points at the example.
            exec(compile("\n" * line + text, str(page), "exec"), namespace)
        else:
            for command in text.splitlines():
                if command.startswith("$ "):
                    run_line(command[2:], tmp_path, commands)


LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    missing = [
        link for link in LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()
    ]
    assert missing == []

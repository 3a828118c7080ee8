"""The sections of tidegate.toml that only the service reads: the engine lets them be."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidegate.errors import WorkspaceError
from tidegate.runs.workspace import FILE, lay_out, load_workspace
from tidegate.server.delivery.settings import webhooks
from tidegate.server.people.sign_in import companies
from tidegate.server.retention.settings import retention
from tidegate.server.review.queues import QueueSettings, queues

SECTIONS = """
[webhooks]
delay_s = 5

[retention]
query = 30
[retention.zones.eu]
text = 180

[[sign_in.oidc]]
id = "example"
name = "Example"
issuer = "https://id.example.com"
client_id = "tidegate"
secret_env = "EXAMPLE_SECRET"
"""


def test_a_workspace_with_all_of_them_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLE_SECRET", "secret")
    site = tmp_path / "site"
    lay_out(site, "site")
    with (site / FILE).open("a") as file:
        file.write(SECTIONS)
    assert load_workspace(site).name == "site"
    assert webhooks(site).delay_s == 5
    assert (retention(site).of("eu", "text"), retention(site).of("us", "query")) == (180, 30)
    assert [company.id for company in companies(site)] == ["example"]


def test_queues_are_read_and_what_is_wrong_in_them_is_named(tmp_path: Path) -> None:
    file = tmp_path / FILE
    file.write_text('[queues.hard]\nsla_minutes = 30\nanswers = 2\ncertificates = ["csam"]\n')
    (hard,) = queues(tmp_path).values()
    assert (hard.sla.total_seconds(), hard.answers, hard.certificates) == (1800, 2, {"csam"})
    assert hard.assist == QueueSettings().assist
    for place, (line, field) in enumerate(
        {
            "answers = 0": "answers",
            "answers = 1.5": "answers",
            "assist = 2": "assist",
            'certificates = "csam"': "certificates",
            "awnsers = 2": "awnsers",
        }.items()
    ):
        folder = tmp_path / str(place)
        folder.mkdir()
        (folder / FILE).write_text(f"[queues.hard]\n{line}\n")
        with pytest.raises(WorkspaceError) as error:
            queues(folder)
        assert error.value.where.field == f"queues.hard.{field}"

"""The sections of tidegate.toml that only the service reads: the engine lets them be."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidegate.errors import WorkspaceError
from tidegate.runs.workspace import FILE, lay_out, load_workspace
from tidegate.server.delivery.settings import webhooks
from tidegate.server.people.sign_in import companies
from tidegate.server.retention.settings import retention
from tidegate.server.review.media import origins
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


@pytest.mark.parametrize(
    "name", ["intake", "webhooks", "queues", "review", "care", "launches", "retention", "sign_in"]
)
@pytest.mark.parametrize("line", ["{name} = 3", "[{name}]\nsomething = 3"])
@pytest.mark.usefixtures("django_workspace")
def test_each_is_read_when_the_service_starts(tmp_path: Path, name: str, line: str) -> None:
    from tidegate.server.settings_check import check_settings

    (tmp_path / FILE).write_text(line.format(name=name))
    with pytest.raises(WorkspaceError) as error:
        check_settings(tmp_path)
    assert error.value.where.field == name + ".something" * line.startswith("[")
    assert error.value.remedy


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


def test_origins_of_media_are_read_as_browsers_write_them(tmp_path: Path) -> None:
    listed = '["https://Media.example.com:443", "http://[::1]:8000", "http://127.0.0.1"]'
    (tmp_path / FILE).write_text(f"[review]\nmedia = {listed}\n")
    assert origins(tmp_path) == {"https://media.example.com", "http://[::1]:8000", "http://127.0.0.1"}
    assert load_workspace(tmp_path).root == tmp_path


@pytest.mark.parametrize(
    ("line", "field", "remedy"),
    [
        ('media = "https://media.example.com"', "review.media", "Write media = ["),
        ('media = ["https://a.example", "*"]', "review.media.1", "No path, no user, no *"),
        ('media = ["https://*.example.com"]', "review.media.0", "No path"),
        ('media = ["https://media.example.com/"]', "review.media.0", "Write scheme and host"),
        ('media = ["media.example.com"]', "review.media.0", "Write scheme and host"),
        ('media = ["https://me@media.example.com"]', "review.media.0", "no user"),
        ('media = ["https://a.example:99999"]', "review.media.0", "Write scheme and host"),
        ("media = [\"https://a.example; script-src 'unsafe-inline'\"]", "review.media.0", "Write scheme"),
        ('media = ["javascript:alert(1)"]', "review.media.0", "Write scheme"),
        ("media = [3]", "review.media.0", "Write scheme"),
        ('medea = ["https://a.example"]', "review.medea", "media"),
    ],
)
def test_what_is_no_origin_is_named(tmp_path: Path, line: str, field: str, remedy: str) -> None:
    (tmp_path / FILE).write_text(f"[review]\n{line}\n")
    with pytest.raises(WorkspaceError) as error:
        origins(tmp_path)
    assert error.value.where.field == field
    assert remedy in str(error.value)

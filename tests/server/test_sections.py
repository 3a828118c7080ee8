"""The sections of tidegate.toml that only the service reads: the engine lets them be."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidegate.runs.workspace import FILE, lay_out, load_workspace
from tidegate.server.delivery.settings import webhooks
from tidegate.server.people.sign_in import companies
from tidegate.server.retention.settings import retention

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

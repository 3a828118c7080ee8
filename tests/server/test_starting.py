"""What `serve` and `worker` say before they begin: a setting, a variable or an address that is wrong."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from tests.server.conftest import free_port

from tidegate.signals.judge.detector import Judge

ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
COMPANY = """
[[sign_in.oidc]]
id = "company"
name = "Company"
issuer = "https://login.example.com"
client_id = "tidegate"
secret_env = "TIDEGATE_NO_SUCH_SECRET"
"""


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory, tidegate: Any) -> Path:
    """A workspace with its database."""
    site = tmp_path_factory.mktemp("starting") / "site"
    for command in (("init", "site"), ("versions", "--workspace", "site")):
        assert tidegate(*command, cwd=site.parent, environment=ENVIRONMENT).returncode == 0
    return site


@pytest.fixture
def refused(laid_out: Path, tmp_path: Path, tidegate: Any) -> Callable[..., str]:
    """What a command says that does not begin, in a copy of the workspace with this section."""

    def run(*command: str, section: str = "", **variables: str) -> str:
        site = shutil.copytree(laid_out, tmp_path / "site")
        with (site / "tidegate.toml").open("a") as file:
            file.write(f"\n{section}")
        done = tidegate(*command, cwd=site, environment=ENVIRONMENT | variables)
        assert (done.returncode, done.stdout) == (2, ""), done.stderr
        assert "Traceback" not in done.stderr
        return str(done.stderr)

    return run


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ("[intak]\ndeadline_ms = 5\n", "Did you mean 'intake'?"),
        ("[launches]\nfour_eye = false\n", "Did you mean 'four_eyes'?"),
        ("[retention]\ntxt = 3\n", "Did you mean 'text'?"),
        ("[webhooks]\ntries = 'x'\n", "webhooks.tries"),
        ("[[[\n", "not valid TOML"),
        (COMPANY, "has no TIDEGATE_NO_SUCH_SECRET"),
    ],
)
def test_a_setting_that_is_wrong_is_said_at_once(
    refused: Callable[..., str], section: str, says: str
) -> None:
    assert says in refused("serve", "--port", str(free_port()), section=section)


def test_a_worker_says_it_too(refused: Callable[..., str]) -> None:
    assert "Did you mean 'four_eyes'?" in refused(
        "worker", "--once", section="[launches]\nfour_eye = false\n"
    )


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("DATABASE_URL", "mysql://ana:secret@db/x", "Give postgresql://"),
        ("TIDEGATE_URL", "tidegate.example.com", "such as https://tidegate.example.com"),
        ("TIDEGATE_PROXIES", "one", "Give a number"),
    ],
)
def test_a_variable_that_is_wrong_is_named(
    refused: Callable[..., str], name: str, value: str, says: str
) -> None:
    told = refused("versions", **{name: value})
    assert name in told
    assert says in told
    assert "secret" not in told


@pytest.fixture
def taken() -> Iterator[int]:
    """A port at which somebody listens who would share it, as the processes of the service do."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


@pytest.mark.parametrize("host", ["127.0.0.1", "192.0.2.1", "no-such-host.invalid"])
def test_where_it_cannot_listen_alone_it_does_not_begin(
    refused: Callable[..., str], taken: int, host: str
) -> None:
    told = refused("serve", "--host", host, "--port", str(taken))
    assert f"cannot listen on {host}:{taken}" in told
    assert "choose another --port" in told


def test_a_strategy_that_cannot_be_loaded_is_no_fault_of_requests(
    inside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tidegate.server.launches import decider

    file = inside / "tidegate.toml"
    before = file.read_text()
    monkeypatch.setattr(decider, "_loaded", None)
    decider.site.cache_clear()
    try:
        file.write_text(before.replace("[detectors.author]", "[detectors.autor]"))
        answer = Client().get("/health/ready")
        assert answer.status_code == 503
        assert answer.json() == {"ready": False, "because": "the active strategy cannot be loaded"}
    finally:
        file.write_text(before)
        decider.site.cache_clear()
    assert Client().get("/health/ready").json() == {"ready": True, "because": None}


def test_a_judge_of_the_service_does_not_wait_out_a_pause_of_its_server(inside: Path) -> None:
    from tidegate.server.launches import decider

    file = inside / "tidegate.toml"
    before = file.read_text()
    decider.site.cache_clear()
    try:
        file.write_text(before + '\n[detectors.judge]\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "m"\n')
        judge = decider.site().detectors["judge"]
        assert isinstance(judge, Judge)
        assert not judge.patient
    finally:
        file.write_text(before)
        decider.site.cache_clear()

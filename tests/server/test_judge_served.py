"""A judge in the live service: what people say of its answers mends the policy, and what is erased is gone
from the judge's own file too."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import polars as pl
import pytest
from tests.server.conftest import Service, database, running
from tests.signals.judge.conftest import write_policy
from tests.signals.judge.serving import (
    Connection,
    Request,
    Server,
    answer,
    completion,
    item_in,
    serving,
    verdict,
)

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
AT_ONCE = 20
STRATEGY = """
strategy: judged
version: 1
audit: 0.0001
rules:
  - {id: judged, when: "judge.loud_music >= 0", then: review, policy: loud-music}
  - {id: otherwise, then: allow}
"""
SETTINGS = """
[detectors.judge]
base_url = "{url}"
model = "small"
policies = ["loud-music"]
samples = 0
near_duplicates = 0.9
[queues.general]
assist = 1
"""
DRUMS = "Music or drums between ten and six that can be heard next door."


def literal(connection: Connection, request: Request) -> None:
    """Takes drums for no music unless the policy names them; asked for an edit, it names them if it was told
    that reviewers miss them."""
    policy, said = request["messages"][0]["content"], request["messages"][-1]["content"]
    if policy.startswith("You edit a written policy"):
        words = {"kind": "clarify", "clause": "V1", "text": DRUMS, "why": "Drums were passed over."}
        told = "Drums are music too." in said
        connection.respond(completion(json.dumps(words if told else words | {"text": "Music at night."})))
        return
    item = item_in(request)
    guilty = "at night" in item and ("trumpet" in item or ("drum" in item and "drums between" in policy))
    connection.respond(completion(answer(loud_music=verdict(guilty, evidence="at night" if guilty else ""))))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving(literal) as found:
        yield found


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def site(
    request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment["PYTHONPATH"] = str(ROOT)
    with database(request.param, tmp_path_factory) as url:
        if url is not None:
            environment["DATABASE_URL"] = url
        own = tmp_path_factory.mktemp("policies")
        write_policy(own)
        workspace = tmp_path_factory.mktemp(f"judged-{request.param}") / "site"
        settings = SETTINGS.format(url=server.url)
        with running(
            workspace, environment, workers=1, strategy=STRATEGY, settings=settings, policies=own
        ) as found:
            yield found


def post(site: Service, *items: dict[str, object]) -> None:
    with site.client() as client:
        client.timeout = 300  # each is judged while the request waits
        for start in range(0, len(items), AT_ONCE):
            some = list(items[start : start + AT_ONCE])
            client.post("/items", json={"items": some}).raise_for_status()


def reviewed(site: Service, answers: list[tuple[str, str, str, str | None, str]]) -> None:
    command = [sys.executable, "-m", "tests.server.reviewing"]
    subprocess.run(
        command, input=json.dumps(answers), cwd=site.workspace, env=site.environment, text=True, check=True
    )


def test_what_reviewers_say_of_the_judge_mends_the_policy(site: Service, server: Server) -> None:
    posts, said = [], []
    for n in range(120):
        what = ("at night the trumpet plays", "at night we drum", "by day we drum")[n % 3]
        posts.append({"id": f"p{n}", "text": f"{what}, said neighbour {n} of {n * n}"})
        decided = ("inform", "loud-music") if n % 3 < 2 else ("allow", None)
        feedback = ("useful", "Drums are music too.", "")[n % 3]
        said.append((f"p{n}", "mia", *decided, feedback))
    post(site, *posts)
    reviewed(site, said)
    done = site.command("export", "--zone", "us", "--policy", "loud-music", "--out", "said")
    assert done.returncode == 0, done.stderr
    assert "120 posts with a label, and 80 with feedback" in done.stdout
    labels = pl.read_parquet(site.workspace / "said" / "labels.parquet")
    assert labels.filter(item_id="p1").row(0, named=True)["violates"] is True
    asked = len(server.requests)
    improve = ("policy", "improve", "loud-music", "--propose", "1", "--out")
    live = site.command(*improve, "better.md", "--from", "server", "--zone", "us", "--most", "120")
    assert live.returncode == 0, live.stdout + live.stderr
    assert "50% (39% to 61%) of 80 answers of the judge that reviewers spoke of were useful" in live.stdout
    assert "violates, and passed, citing N1" in live.stdout
    assert "reasons of reviewers" in live.stdout
    assert "Drums are music" not in live.stdout + live.stderr  # a reason may quote the post
    assert "+33.3 points" in live.stdout or ": better" in live.stdout
    assert DRUMS in (site.workspace / "better.md").read_text()
    proposals = [one for one in server.requests[asked:] if "You edit" in one["messages"][0]["content"]]
    assert len(proposals) == 1
    taken = ("said/posts.parquet", "--labels", "said/labels.parquet", "--feedback", "said/feedback.jsonl")
    files = site.command(*improve, "again.md", *taken)
    assert files.returncode == 0, files.stderr
    assert ": better" in files.stdout


def test_where_people_differ_nothing_is_learnt_until_somebody_settles_it(site: Service) -> None:
    post(site, {"id": "differs", "text": "towards eleven the cello is played, and quite softly at that"})
    post(site, {"id": "agreed", "text": "towards noon the cello is played, and quite loudly at that"})
    reviewed(site, [(name, "mia", "allow", None, "") for name in ("differs", "agreed")])
    script = (
        "from pathlib import Path; from tidegate.server.boot import boot; boot(Path(), migrate=False)\n"
        "from tidegate.server.review.models import Answer\n"
        "one = Answer.objects.get(item__external_id='differs'); import uuid\n"
        "from tidegate.server.people.persons import Change, set_person\n"
        "other, _ = set_person('noa', Change(roles=['senior'], zones=['us']), actor='test')\n"
        "one.pk, one.key, one.person = None, uuid.uuid4(), other\n"
        "one.violates, one.policy = True, 'loud-music'; one.save()"
    )
    subprocess.run([sys.executable, "-c", script], cwd=site.workspace, env=site.environment, check=True)
    done = site.command("export", "--zone", "us", "--policy", "loud-music", "--out", "differing")
    assert "1 left out, since people differ about them" in done.stderr
    labelled = pl.read_parquet(site.workspace / "differing" / "labels.parquet")["item_id"].to_list()
    assert "agreed" in labelled
    assert "differs" not in labelled


def test_a_policy_that_is_not_there_is_told(site: Service) -> None:
    done = site.command("export", "--zone", "us", "--policy", "loud-musik", "--out", "none")
    assert done.returncode != 0
    assert "there is no policy 'loud-musik'" in done.stderr
    assert "loud-music" in done.stderr


def bytes_kept(site: Service) -> bytes:
    """The judge's file and its log, byte by byte: what is deleted in SQLite stays in free pages otherwise."""
    files = sorted(site.workspace.glob("judge.sqlite*"))
    assert files
    return b"".join(file.read_bytes() for file in files)


def test_what_is_erased_is_gone_from_the_judges_file_and_what_was_spent_stays(site: Service) -> None:
    words = "at night the trumpet of my secret neighbour Ferdinand plays, and I cannot sleep"
    near = "At night the trumpet of my secret neighbour Ferdinand plays!! And I cannot sleep :)"
    theirs = "at night the trumpet plays in the house of somebody else entirely, far away from here"
    post(site, {"id": "erase-me-now", "text": words, "author_id": "user-7"})
    post(site, {"id": "copy-of-it", "text": near, "author_id": "user-8"})
    post(site, {"id": "theirs", "text": theirs, "author_id": "user-9"})
    store = site.workspace / "judge.sqlite"
    with sqlite3.connect(store) as before:
        spent = before.execute("SELECT sum(tokens), count(*) FROM spending").fetchone()
        judged = before.execute("SELECT count(*) FROM answers").fetchone()[0]
    before.close()
    assert b"erase-me-now" in bytes_kept(site)
    assert told_of(site, "copy-of-it") == "erase-me-now"
    reviewed(site, [("erase-me-now", "mia", "allow", None, "It says Ferdinand, and that is no clause.")])
    done = site.command("erase", "--zone", "us", "--author", "user-7")
    assert done.returncode == 0, done.stderr
    assert "1 item and" in done.stdout
    kept = bytes_kept(site)
    assert b"erase-me-now" not in kept
    assert b"theirs" in kept
    with sqlite3.connect(store) as after:
        assert after.execute("SELECT sum(tokens), count(*) FROM spending").fetchone() == spent
        assert after.execute("SELECT count(*) FROM answers").fetchone()[0] == judged - 1
        orphans = "SELECT count(*) FROM bands WHERE key NOT IN (SELECT key FROM answers)"
        assert after.execute(orphans).fetchone()[0] == 0
    after.close()
    assert told_of(site, "copy-of-it") == "erased"
    assert feedback_on_erased(site) == ["wrong"]


def test_what_is_moderated_without_keeping_is_not_in_the_judges_file_either(site: Service) -> None:
    key = site.command("key", "moderates", "--zone", "us", "--scope", "moderations").stdout.strip()
    words = "at night the trumpet of my secret neighbour Leopold plays, and nobody may know of it"
    answered = httpx.post(
        f"{site.url}/v1/moderations",
        json={"input": words},
        headers={"Authorization": f"Bearer {key}"},
        timeout=300,
    ).raise_for_status()
    assert answered.json()["results"][0]["flagged"]
    post(site, {"id": "real", "text": "by day we drum, and this is the first item that is one"})
    kept = bytes_kept(site)
    assert b"real" in kept
    assert b"moderation-0" not in kept


def told_of(site: Service, item: str) -> str:
    """Whose answer a decision says that it took over."""
    script = (
        "from pathlib import Path; from tidegate.server.boot import boot; boot(Path(), migrate=False)\n"
        "from tidegate.server.content.models import Decision; import orjson\n"
        f"found = Decision.objects.filter(item__external_id='{item}').earliest('pk')\n"
        "print(orjson.loads(found.signals)['judge']['propagated_from'])"
    )
    return _said(site, script)


def feedback_on_erased(site: Service) -> list[str]:
    script = (
        "from pathlib import Path; from tidegate.server.boot import boot; boot(Path(), migrate=False)\n"
        "from tidegate.server.review.models import Answer; import json\n"
        "rows = Answer.objects.filter(item__external_id__startswith='erased-')\n"
        "print(json.dumps(list(rows.values_list('assist_verdict', flat=True))))"
    )
    found: list[str] = json.loads(_said(site, script))
    return found


def _said(site: Service, script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=site.workspace,
        env=site.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()

"""Policies on pages: read as reviewers and models read them, changed whole or not at all."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.server.test_walk import sessions  # noqa: F401

pytestmark = pytest.mark.usefixtures("inside")
NAME = "animal-abuse"
ADDRESS = f"/policies/{NAME}/edit"


@pytest.fixture(autouse=True)
def policies(inside: Path) -> Iterator[Path]:
    """The folder of policies, which is as it was when the test is over."""
    from tidegate.server.zones.scope import EVERYWHERE, within

    folder = inside / "policies"
    files = {path: path.read_bytes() for path in folder.rglob("*.*")}
    with within(EVERYWHERE):
        yield folder
    for path in folder.rglob("*.*"):
        if path not in files:
            path.unlink()
    for path, content in files.items():
        path.write_bytes(content)


@pytest.fixture
def writer(sessions: Any) -> Any:  # noqa: F811
    return sessions["policy", "us"]


def fields(client: Any) -> dict[str, str]:
    page = client.get(ADDRESS).content.decode()
    found = {
        name: html.unescape(text).removeprefix("\n")
        for name, text in re.findall(r'<textarea[^>]* name="(\w+)"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    }
    read = re.search(r'name="read" value="(\w+)"', page)
    assert read is not None
    return found | {"read": read.group(1), "message": "clearer"}


def sent(client: Any, do: str, **more: str) -> str:
    answer = client.post(ADDRESS, more | {"do": do}, follow=True)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def changed(found: dict[str, str]) -> dict[str, str]:
    """The same with a title of its own, its lines ended as browsers end them."""
    text = re.sub(r"(?m)^  en: .*$", "  en: Cruelty to <b>animals</b>", found["text"], count=1)
    return found | {"text": text.replace("\n", "\r\n")}


def test_every_policy_is_listed_and_one_that_is_broken_is_named(policies: Path, writer: Any) -> None:
    (policies / "child-safety.md").write_text("no front matter")
    page = html.unescape(writer.get("/policies/").content.decode())
    for path in policies.glob("*.md"):
        assert f'href="/policies/{path.stem}/"' in page
    assert "child-safety.md:1: there is no front matter." in page
    broken = writer.get("/policies/child-safety/").content.decode()
    assert "This policy is not whole" in broken


def test_a_policy_is_read_as_reviewers_and_as_models_read_it(policies: Path, writer: Any) -> None:
    from tidegate.policy.load import load_policy

    policy = load_policy(policies / f"{NAME}.md")
    for language in policy.languages:
        page = html.unescape(writer.get(f"/policies/{NAME}/?language={language}").content.decode())
        assert policy.prompt(language) in page
        for clause in policy.clauses:
            assert f"<strong>{clause.id} " in page
        assert policy.help.get(language, "") in page
    assert writer.get("/policies/nothing/").status_code == 404
    assert writer.get("/policies/golden/").status_code == 404


def test_a_preview_shows_both_sides_and_saves_nothing(policies: Path, writer: Any) -> None:
    before = (policies / f"{NAME}.md").read_bytes()
    page = sent(writer, "preview", **changed(fields(writer)))
    assert re.search(r"The policy is whole, and its \d+ golden cases agree with it\.", page)
    assert "By the strategy that decides now: of " in page
    assert "<code>text</code>" in page
    assert "# Cruelty to <b>animals</b>" in page
    assert (policies / f"{NAME}.md").read_bytes() == before


def test_a_policy_is_saved_for_reviewers_and_models_at_once(policies: Path, writer: Any) -> None:
    from tidegate.policy.load import load_policies
    from tidegate.server.ledger.models import Entry
    from tidegate.server.policies.models import PolicyText
    from tidegate.server.review.policies import _stamp, written

    before = written()[NAME].version
    page = sent(writer, "save", **changed(fields(writer)))
    assert "is saved." in page
    assert "clearer" in page
    saved = load_policies(policies)[NAME]
    assert saved.title["en"] == "Cruelty to <b>animals</b>"
    assert b"\r" not in (policies / f"{NAME}.md").read_bytes()
    _stamp.cache_clear()  # a second goes by
    assert written()[NAME].version == saved.version != before
    row = PolicyText.objects.order_by("-pk")[0]
    assert (row.policy, row.version, row.message) == (NAME, saved.version, "clearer")
    act = Entry.objects.filter(act="policy.saved").order_by("-number")[0]
    assert (act.subject, act.evidence, act.actor) == (f"policy:{NAME}", saved.version, row.saved_by)
    assert "<b>animals" not in writer.get(f"/policies/{NAME}/").content.decode()


@pytest.mark.parametrize(
    ("field", "old", "new", "says"),
    [
        ("text", "severity: ", "severity: very ", r"animal-abuse\.md:\d+: "),
        ("text", "## Borderline\n", "## Between\n", r"animal-abuse\.md"),
        ("text", "id: animal-abuse", "id: animals", r"animal-abuse\.md:\d+: "),
        ("golden", '"difficulty"', '"how_hard"', r"animal-abuse\.jsonl:\d+: unknown key 'how_hard'"),
        ("golden", '"clause": "V1"', '"clause": "V9"', r"unknown clause 'V9'"),
    ],
)
def test_what_is_not_whole_is_told_with_its_line_and_not_saved(
    policies: Path, writer: Any, field: str, old: str, new: str, says: str
) -> None:
    before = {path: path.read_bytes() for path in policies.rglob("*.*")}
    found = fields(writer)
    assert old in found[field]
    wrong = found | {field: found[field].replace(old, new)}
    for do in ("preview", "save"):
        page = sent(writer, do, **wrong)
        assert "It is not saved. What to mend:" in page
        assert re.search(says, page), page[page.index("What to mend") :][:600]
        assert new in page[page.index("<textarea") :]
    assert {path: path.read_bytes() for path in policies.rglob("*.*")} == before


def test_of_two_who_write_at_once_the_second_is_told(policies: Path, writer: Any) -> None:
    first, second = changed(fields(writer)), fields(writer)
    assert "is saved." in sent(writer, "save", **first)
    mine = (policies / f"{NAME}.md").read_bytes()
    page = sent(writer, "save", **second)
    assert "somebody has changed this policy since you opened it" in page
    assert (policies / f"{NAME}.md").read_bytes() == mine


def test_what_cannot_be_written_leaves_no_record(
    policies: Path, writer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tidegate.server.policies import writing
    from tidegate.server.policies.models import PolicyText

    found, rows = changed(fields(writer)), PolicyText.objects.count()
    tried = writing.try_out

    def then_the_disk_fails(draft: Any) -> Any:
        made = tried(draft)
        (policies / "golden" / f".{NAME}.jsonl.{os.getpid()}.tmp").mkdir()
        return made

    monkeypatch.setattr(writing, "try_out", then_the_disk_fails)
    try:
        assert "the files cannot be written" in sent(writer, "save", **found)
    finally:
        for path in (policies / "golden").glob(".*.tmp"):
            path.rmdir()
    assert PolicyText.objects.count() == rows


def test_a_policy_brings_no_markup_of_its_own() -> None:
    from tidegate.server.policies.markdown import as_html

    shown = as_html("# One\n\nlabel@1\n\n## Two\n\n- **a** <script>x</script>\n  goes on\n- `b`\n\nend **it")
    assert shown == (
        "<h2>One</h2>\n<p>label@1</p>\n<h3>Two</h3>\n"
        "<ul><li><strong>a</strong> &lt;script&gt;x&lt;/script&gt; goes on</li><li><code>b</code></li></ul>\n"
        "<p>end **it</p>"
    )

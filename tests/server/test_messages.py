"""Every message there is in Chinese too, and what is compiled is what was written."""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

SERVER = Path(__file__).parents[2] / "src" / "tidegate" / "server"
CATALOGUE = SERVER / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
CALLS = ("_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy")
PLACES = re.compile(r"%\(\w+\)s|%s|\{\w+\}")
LIBRARIES = {"This password is too short. It must contain at least %d character."}
"""What Django says and has not translated itself."""
SAME = {"Tidegate", "QR", "JavaScript", "APP", "SQL", "DuckDB", "select", "CSV", "JSON"}
"""Words that a Chinese page may show in Latin letters."""


def of_python(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
            for argument in node.args[:2] if node.func.id.startswith("ngettext") else node.args[:1]:
                assert isinstance(argument, ast.Constant), (
                    f"{path.name}:{node.lineno}: a message is a literal"
                )
                yield str(argument.value)


def of_template(path: Path) -> Iterator[str]:
    from django.utils.translation.template import templatize

    calls = templatize(path.read_text(encoding="utf-8"), origin=str(path))
    for quoted in re.findall(r"\bn?gettext\(u?((?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"))", calls):
        yield ast.literal_eval(quoted)


def used() -> set[str]:
    python = (
        one for path in SERVER.rglob("*.py") if "migrations" not in path.parts for one in of_python(path)
    )
    templates = (one for path in SERVER.rglob("*.html") for one in of_template(path))
    return {*python, *templates}


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="zh_Hans", abort_invalid=True)


def test_every_message_is_there_in_chinese_and_none_that_nobody_says(
    catalogue: Catalog, django_workspace: Path
) -> None:
    known = {
        message.id if isinstance(message.id, str) else message.id[0] for message in catalogue if message.id
    }
    assert used() - known == set(), "write these into django.po, then: make messages"
    assert known - used() == LIBRARIES, "nobody says these any more"


def test_messages_are_finished_and_keep_their_places(catalogue: Catalog) -> None:
    for message in catalogue:
        if not message.id:
            continue
        assert message.string, message.id
        assert not message.fuzzy, message.id
        assert sorted(PLACES.findall(str(message.id))) == sorted(PLACES.findall(str(message.string)))
        assert re.search(r"[\u4e00-\u9fff]", str(message.string)), message.id


def test_what_is_compiled_is_what_was_written(catalogue: Catalog) -> None:
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    assert CATALOGUE.with_suffix(".mo").read_bytes() == compiled.getvalue(), "make messages"


class Words(HTMLParser):
    """The words that a page shows to people, but for what is data: names, ids, options, preformatted text."""

    DATA = ("td", "dd", "option", "script", "textarea", "dt", "time", "code", "svg", "pre", "article")
    SHOWN = ("placeholder", "title", "alt", "aria-label")

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "link", "input", "img", "br", "hr"):
            self._inside.append(tag)
        self.found += [value for name, value in attrs if name in self.SHOWN and value]

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not set(self._inside) & set(self.DATA):
            self.found.append(data)


ADDRESSES = (
    "/", "/people/", "/ledger/", "/items/us/post-1", "/account/", "/account/2fa/",
    "/account/2fa/totp/activate/", "/account/2fa/totp/deactivate/",
    "/account/2fa/recovery-codes/", "/account/2fa/recovery-codes/generate/",
    "/account/2fa/webauthn/", "/account/2fa/webauthn/add/", "/account/2fa/reauthenticate/",
    "/account/reauthenticate/", "/account/password/change/", "/account/logout/", "/nowhere/",
    "/care/", "/care/showing/", "/care/areas/", "/care/exposure/", "/care/trials/", "/care-team/",
    "/launches/", "/launches/counting/1/", "/launches/draft", "/console/design/",
    "/figures/", "/figures/?days=0", "/queries/",
    "/policies/", "/policies/animal-abuse/", "/policies/animal-abuse/edit",
    "/quality/golds/", "/quality/queues/", "/quality/people/",
    "/cases/", "/cases/?since=2026-01-02&until=2026-01-01", "/cases/?since=2026-01-01&until=2026-01-02",
)  # fmt: skip
FOR_STRANGERS = (
    "/account/login/", "/account/inactive/", "/account/password/choose/1-none/", "/account/password/chosen/",
    "/account/oidc/cancelled/", "/account/oidc/error/",
)  # fmt: skip


def test_chinese_pages_show_no_english(inside: Path) -> None:
    """Also those of the libraries that pages come from: a string that they have not translated fails here."""
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
    from django.test import Client

    from tidegate.server.people.persons import Change, set_person
    from tidegate.server.people.roles import ROLES
    from tidegate.server.zones.scope import EVERYWHERE, within

    with within(EVERYWHERE):
        change = Change(roles=ROLES, zones=["us", "site"], language="zh-hans")
        person, _ = set_person("zhang", change, actor="test")
        person.set_password("a password of theirs")
        person.save()
    signed_in, stranger = Client(), Client(headers={"Accept-Language": "zh-hans"})
    signed_in.force_login(person)
    signed_in.post("/account/reauthenticate/", {"password": "a password of theirs"})
    signed_in.post("/account/2fa/reauthenticate/", {"code": "000000"})
    pages: list[Any] = [signed_in.get("/account/2fa/totp/activate/")]
    with within(EVERYWHERE):
        TOTP.activate(person, generate_totp_secret())
    signed_in.post("/account/reauthenticate/", {"password": "a password of theirs"})
    session = signed_in.session
    session["account_authentication_methods"] += [{"method": "mfa", "at": 0, "type": "totp"}]
    session.save()
    pages += [signed_in.get(address, follow=True) for address in ADDRESSES]
    pages += [stranger.get(address, follow=True) for address in FOR_STRANGERS]
    pages.append(stranger.post("/account/login/", {"login": "nobody", "password": "wrong"}))
    pages.append(stranger.post("/account/login/", {}))
    pages.append(
        signed_in.post(
            "/account/password/change/", {"oldpassword": "x", "password1": "short", "password2": "y"}
        )
    )
    for page in pages:
        assert page.status_code < 500
        words = Words()
        words.feed(page.content.decode())
        shown = re.sub(
            r"\b[A-Z2-7]{32}\b|zhang|post-1|counting|animal-abuse", "", " ".join(words.found)
        )  # the secret of an app; names
        english = set(re.findall(r"[A-Za-z]{2,}", shown)) - SAME
        assert not english, (page.request["PATH_INFO"], english)

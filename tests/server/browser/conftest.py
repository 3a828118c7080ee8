"""The console as a person meets it: the real service, a real Chromium, and people who sign in by the form.

`console` serves a workspace over SQLite; `console.person(…)` adds somebody, lets them choose a password and
add an authenticator app by its pages, once for each set of roles; `console.page(person, …)` is a new window
in which they are signed in. Fails where there is no Chromium: `apt-get install chromium`, or name one with
TIDEGATE_CHROMIUM.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright
from tests.server.conftest import Service, running
from tests.server.test_signing_in import code

PASSWORD = "tide and gate and river"
PHONE = 390
DESK = 1280
TIMEOUT = 20_000
"""Milliseconds that Playwright waits for what is looked for; machines are busy."""


@dataclass(frozen=True)
class Person:
    """Somebody who can sign in; `cookies` are of a session in which they have shown all factors."""

    name: str
    roles: tuple[str, ...]
    cookies: Any
    secret: str | None


@dataclass
class Console:
    """The running service, and windows into it. All windows are closed when the test that asked is done."""

    service: Service
    browser: Browser
    people: dict[str, Person] = field(default_factory=dict)
    open: list[BrowserContext] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.service.url

    def person(self, *roles: str, zones: tuple[str, ...] = ("us",), name: str | None = None) -> Person:
        """Somebody with these roles, signed in by the real forms; the same one when asked for again."""
        name = name or "-".join([*roles, *zones]) or "nobody"
        if name not in self.people:
            self.people[name] = self._signed_in(name, roles, zones)
        return self.people[name]

    def _signed_in(self, name: str, roles: tuple[str, ...], zones: tuple[str, ...]) -> Person:
        given = [*(f"--role={role}" for role in roles), *(f"--zone={zone}" for zone in zones)]
        made = self.service.command("person", name, *given)
        assert made.returncode == 0, made.stderr
        page = self.window()
        page.goto(re.sub(r"^http://[^/]+", self.url, made.stdout.strip()))
        page.fill("#id_password1", PASSWORD)
        page.fill("#id_password2", PASSWORD)
        page.click("main button[type=submit]")
        sign_in(page, self.url, name)
        secret = _add_app(page, self.url) if "/account/2fa/" in page.url else None
        return Person(name, roles, page.context.storage_state(), secret)

    def page(
        self,
        person: Person | None,
        path: str = "/",
        *,
        width: int = DESK,
        dark: bool = False,
        language: str = "en",
        **context: Any,
    ) -> Page:
        """A new window on a page, in which somebody is signed in; in which nobody is, for None."""
        state = None if person is None else person.cookies
        page = self.window(width=width, dark=dark, language=language, storage_state=state, **context)
        page.goto(self.url + path)
        return page

    def window(self, *, width: int = DESK, dark: bool = False, language: str = "en", **context: Any) -> Page:
        """A new window, on no page yet.

        An exception of a script in it, and all that the security policy stops, fails the test at its end.
        """
        made = self.browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme="dark" if dark else "light",
            locale=language,
            **context,
        )
        made.set_default_timeout(TIMEOUT)
        self.open.append(made)
        page = made.new_page()
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("console", self._heard)
        return page

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error" and "Content Security Policy" in message.text:
            self.faults.append(message.text)

    def picture(self, page: Page, name: str) -> None:
        """A picture of a window, where TIDEGATE_PICTURES names a folder: `make pictures`."""
        folder = os.environ.get("TIDEGATE_PICTURES")
        if folder:
            page.screenshot(path=Path(folder) / f"{name}.png")

    def script(self, text: str) -> str:
        """Python that runs beside the service, in its workspace, with Django set up for every zone."""
        begin = "from pathlib import Path; from tidegate.server.boot import boot; boot(Path('.'))\n"
        done = self.service.command("-c", begin + text)
        assert done.returncode == 0, done.stderr
        return done.stdout


def sign_in(page: Page, url: str, name: str, password: str = PASSWORD) -> None:
    """By the form, the first factor."""
    page.goto(url + "/account/login/")
    page.fill("#id_login", name)
    page.fill("#id_password", password)
    page.click("main button[type=submit]")
    page.wait_for_url(lambda address: "/account/login/" not in address)


def _add_app(page: Page, url: str) -> str:
    """Add an authenticator app, the password first; returns its secret."""
    page.goto(url + "/account/2fa/totp/activate/")
    page.fill("#id_password", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url("**/totp/activate/")
    secret = page.input_value("#authenticator_secret")
    page.fill("#id_code", code(secret))
    page.click("main button[type=submit]")
    page.wait_for_url(lambda address: "/totp/activate/" not in address)
    return secret


def chromium() -> str:
    """Where Chromium is."""
    named = os.environ.get("TIDEGATE_CHROMIUM") or shutil.which("chromium")
    assert named, "there is no Chromium: apt-get install chromium, or name one with TIDEGATE_CHROMIUM"
    return named


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # Without a sandbox of its own, which the root of a container cannot have.
        made = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture(scope="session")
def served(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """The service over SQLite with two items in the zone us, as the starter's strategy decides them."""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    workspace = tmp_path_factory.mktemp("browser") / "site"
    with running(workspace, environment, workers=1, four_eyes=True, folders=tmp_path_factory) as service:
        with service.client() as client:
            for name, text in (("post-1", "A cup of tea by the river."), ("post-2", "The tide comes in.")):
                item = {"id": name, "text": text, "author_id": "author-1", "language": "en"}
                client.post("/items", json=item).raise_for_status()
        yield Console(service, browser)


@pytest.fixture
def console(served: Console) -> Iterator[Console]:
    yield served
    while served.open:
        served.open.pop().close()
    faults, served.faults = served.faults, []
    assert faults == []

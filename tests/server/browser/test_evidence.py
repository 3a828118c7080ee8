"""What a reviewer looks at: the words that moved a score, pictures and videos.

Media come from a server of the test's own, which makes them: a PNG, a GIF that moves, and a WebM that
Chromium itself records.
"""

from __future__ import annotations

import base64
import os
import struct
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.server.browser.accessibility import faults, too_wide
from tests.server.browser.conftest import PHONE, TIMEOUT, Console
from tests.server.browser.test_review import post, ready, stands, until
from tests.server.conftest import running

pytestmark = pytest.mark.browser

INSULT = "🌊 You are a stupid, worthless idiot and everybody hates you."
SCORING = """
strategy: scoring
audit: 0.000001
version: 1
rules:
  - {id: severe, when: "text.harassment > 0.5 and item.surface = 'severe'", then: review, queue: severe, policy: violent-extremism}
  - {id: blind, when: "text.harassment > 0.5 and item.surface = 'blind'", then: review, queue: blind, policy: harassment-bullying}
  - {id: rude, when: text.harassment > 0.5, then: review, queue: general, policy: harassment-bullying}
  - {id: asked, when: "item.surface = 'ask'", then: review, queue: general, policy: harassment-bullying}
  - {id: otherwise, then: allow}
"""  # noqa: E501
SETTINGS = """
[queues.general]
assist = 1
[queues.severe]
assist = 1
[queues.blind]
assist = 0
"""


@dataclass
class Media:
    """Two servers: one that the site lists, and another. `asked` is every request: path and Referer."""

    here: str
    elsewhere: str
    files: dict[str, tuple[str, bytes]]
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


def png(width: int, height: int) -> bytes:
    """A red picture."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = (b"\0" + b"\xd0\x20\x20" * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    whole = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + whole


def gif() -> bytes:
    """A pixel that turns from red to blue and back five times a second."""
    begin = b"GIF89a\1\0\1\0\x80\0\0" + b"\xff\0\0\0\0\xff" + b"!\xff\x0bNETSCAPE2.0\3\1\0\0\0"
    frames = [
        b"!\xf9\4\0\x14\0\0\0" + b",\0\0\0\0\1\0\1\0\0" + b"\2\2" + data + b"\0"
        for data in (b"\x44\1", b"\x4c\1")
    ]
    return begin + b"".join(frames) + b";"


def webm(browser: Browser) -> bytes:
    """Half a second of a square that moves, recorded by the browser."""
    page = browser.new_page()
    recorded: str = page.evaluate(
        """async () => {
          const canvas = document.createElement('canvas');
          canvas.width = canvas.height = 64;
          const brush = canvas.getContext('2d');
          const recorder = new MediaRecorder(canvas.captureStream(20), {mimeType: 'video/webm'});
          const parts = [];
          recorder.ondataavailable = (event) => parts.push(event.data);
          const done = new Promise((resolve) => { recorder.onstop = resolve; });
          recorder.start();
          for (let at = 0; at < 20; at += 1) {
            brush.fillStyle = at % 2 ? 'navy' : 'teal';
            brush.fillRect(0, 0, 64, 64);
            await new Promise((resolve) => setTimeout(resolve, 50));
          }
          recorder.stop();
          await done;
          const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
          return btoa(String.fromCharCode(...bytes));
        }"""
    )
    page.close()
    return base64.b64decode(recorded)


@pytest.fixture(scope="module")
def media(browser: Browser) -> Iterator[Media]:
    found = Media("", "", {"/red.png": ("image/png", png(900, 600)), "/turns.gif": ("image/gif", gif())})
    found.files["/clip.webm"] = ("video/webm", webm(browser))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            port = self.server.server_address[1]
            found.asked.append((f"{port}{self.path}", self.headers.get("Referer")))
            if path == "/away.png":
                self.send_response(302)
                self.send_header("Location", f"{found.elsewhere}/red.png?from-away")
                self.end_headers()
                return
            kind, data = found.files.get(path, ("text/plain", b""))
            self.send_response(200 if data else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass

    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Handler) for _ in range(2)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    found.here, found.elsewhere = (f"http://127.0.0.1:{server.server_address[1]}" for server in servers)
    yield found
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def site(browser: Browser, media: Media, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    workspace = tmp_path_factory.mktemp("evidence") / "site"
    settings = SETTINGS + f'[review]\nmedia = ["{media.here}"]\n'
    with running(workspace, environment, workers=2, strategy=SCORING, settings=settings) as service:
        yield Console(service, browser)


@pytest.fixture
def desk(site: Console) -> Iterator[Console]:
    """The site with nothing to do."""
    site.script(
        "from tidegate.server.review.models import Task\n"
        "Task.objects.filter(state='open').update(state='gone', leased_to=None)"
    )
    yield site
    while site.open:
        site.open.pop().close()
    found, site.faults = site.faults, []
    assert found == []


def marked(page: Page) -> list[str]:
    return page.locator("#text mark.moved").all_text_contents()


def test_the_words_that_moved_a_score_are_marked_listed_and_told(desk: Console) -> None:
    name = post(desk, INSULT)
    for look in ({}, {"dark": True, "width": PHONE, "language": "zh-CN"}):
        page = desk.page(desk.person("moderator"), "/review/", **look)
        ready(page, INSULT)
        expect(page.locator("#text mark.moved", has_text="idiot")).to_be_visible(timeout=TIMEOUT)
        assert {"stupid", "idiot"} <= set(marked(page))
        # Not by colour alone, for those who listen too, and in the panel as words.
        style = "getComputedStyle(document.querySelector('mark.moved')).borderBottomStyle"
        assert page.evaluate(style) == "dotted"
        said = page.evaluate("getComputedStyle(document.querySelector('mark.moved'), '::before').content")
        assert ("抬高得分" if look else "raised a score") in said
        expect(page.locator("#moved dd").first).to_contain_text("“idiot”")
        assert faults(page) == []
        assert too_wide(page) <= 0
        desk.picture(page, "moved")
        page.context.close()
        desk.open.clear()
    page = desk.page(desk.person("moderator"), "/review/")
    ready(page, INSULT)
    expect(page.locator("#text mark.moved", has_text="idiot")).to_be_visible(timeout=TIMEOUT)
    # What is selected across marks still counts as the server counts it.
    page.evaluate(
        "const [a, b] = ['stupid', 'idiot'].map((word) => [...document.querySelectorAll('#text mark')]"
        ".find((one) => one.textContent === word).firstChild); getSelection().setBaseAndExtent(a, 0, b, 5)"
    )
    page.keyboard.press("m")
    expect(page.get_by_text("Marked: stupid, worthless idiot")).to_be_visible()
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    stands(desk, name, "allow")


def test_what_is_masked_tells_nothing_until_it_is_shown(desk: Console) -> None:
    post(desk, INSULT, "severe")
    page = desk.page(desk.person("moderator"), "/review/")
    ready(page, INSULT)
    listed = page.locator("#moved dd").first
    expect(listed).to_have_attribute("aria-hidden", "true", timeout=TIMEOUT)
    expect(page.locator("#text")).to_have_attribute("aria-hidden", "true")
    blurred = "getComputedStyle(document.querySelector('#moved dd')).filter"
    assert "blur" in page.evaluate(blurred)
    page.keyboard.press("b")
    assert page.evaluate(blurred) == "none"
    expect(listed).not_to_have_attribute("aria-hidden", "true")


def test_who_is_not_helped_is_told_nothing(desk: Console) -> None:
    post(desk, INSULT, "blind")
    page = desk.page(desk.person("moderator"), "/review/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    ready(page, INSULT)
    page.keyboard.press("b")
    until(page, "performance.getEntriesByName('painted').length > 0")
    page.wait_for_timeout(500)
    expect(page.locator("#text mark")).to_have_count(0)
    expect(page.locator("#moved")).to_have_count(0)
    assert not [url for url in asked if url.endswith("/review/words")]


def asked_for(media: Media, name: str) -> list[str | None]:
    """The referrers with which a file was asked for."""
    return [referrer for path, referrer in media.asked if path.endswith(name)]


def come(page: Page) -> None:
    """The picture or video is there."""
    expect(page.locator("#media > *")).to_be_visible()


def prefers(site: Console, name: str, **how: Any) -> None:
    """How somebody has harassment shown."""
    site.script(
        "from tidegate.server.people.models import User\n"
        "from tidegate.server.care.preferences import choose, chosen\n"
        "from dataclasses import replace\n"
        f"who = User.objects.get(username={name!r})\n"
        f"choose(who, {{'harassment': replace(chosen(who)['harassment'], **{how!r})}})"
    )


def test_a_picture_is_fetched_when_it_may_be_looked_at_and_shown_as_care_has_it(
    desk: Console, media: Media
) -> None:
    name = post(desk, "Tea?", kind="image", media=f"{media.here}/red.png?one")
    page = desk.page(desk.person("moderator"), "/review/")
    ready(page, "Tea?")
    page.wait_for_timeout(500)
    assert asked_for(media, "?one") == []
    expect(page.locator("#media")).to_have_js_property("inert", True)
    page.keyboard.press("b")
    come(page)
    assert asked_for(media, "?one") == [None]
    picture = page.get_by_role("img", name="The picture of this item")
    box = picture.bounding_box()
    assert box is not None
    assert 100 < box["width"] <= 192  # small: 12rem
    assert page.evaluate("getComputedStyle(document.querySelector('#media > *')).filter") == "grayscale(1)"
    assert faults(page) == []
    page.keyboard.press("f")
    expect(page.locator("#media.as-it-is > img")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('#media > *')).filter") == "none"
    wide = page.locator("#media > img").bounding_box()
    assert wide is not None
    assert wide["width"] > 300
    assert too_wide(page) <= 0
    page.keyboard.press("b")
    expect(page.locator("#media")).to_have_js_property("inert", True)
    assert "blur" in page.evaluate("getComputedStyle(document.querySelector('#media')).filter")
    page.keyboard.press("1")  # what was seen can be decided
    page.keyboard.press("Enter")
    stands(desk, name, "allow")


def test_a_picture_that_moves_stands_still_where_nothing_is_to_play(desk: Console, media: Media) -> None:
    post(desk, "Tea?", kind="image", media=f"{media.here}/turns.gif")
    page = desk.page(desk.person("moderator"), "/review/")
    ready(page, "Tea?")
    page.keyboard.press("b")
    page.evaluate("document.getElementById('media').classList.remove('grey')")
    come(page)

    def looks() -> int:
        seen = set()
        for _ in range(12):
            seen.add(page.locator("#media > *").screenshot())
            page.wait_for_timeout(60)
        return len(seen)

    assert looks() == 1
    page.keyboard.press("f")
    expect(page.locator("#media > img")).to_be_visible()
    assert looks() > 1


def test_a_video_is_mute_and_waits_to_be_played(desk: Console, media: Media) -> None:
    name = post(desk, "Tea?", kind="video", media=f"{media.here}/clip.webm")
    page = desk.page(desk.person("moderator"), "/review/")
    ready(page, "Tea?")
    page.wait_for_timeout(300)
    assert asked_for(media, "clip.webm") == []
    page.keyboard.press("b")
    come(page)
    state = (
        "(() => { const one = document.querySelector('#media video'); return [one.muted, one.paused]; })()"
    )
    until(page, "document.querySelector('#media video').readyState >= 1")
    assert page.evaluate(state) == [True, True]
    assert faults(page) == []
    page.keyboard.press("h")
    until(
        page, "!document.querySelector('#media video').paused || document.querySelector('#media video').ended"
    )
    until(page, "document.querySelector('#media video').currentTime > 0")
    page.keyboard.press("b")
    until(page, "document.querySelector('#media video').paused")
    page.keyboard.press("b")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    stands(desk, name, "allow")
    assert set(asked_for(media, "clip.webm")) == {None}


def test_who_wants_it_at_once_has_it_at_once(desk: Console, media: Media) -> None:
    person = desk.person("moderator", name="bold")
    prefers(desk, "bold", blur=False, greyscale=False, mute=True, still=False, mask=False, preview="medium")
    post(desk, "Tea?", kind="video", media=f"{media.here}/clip.webm?bold")
    page = desk.page(person, "/review/")
    ready(page, "Tea?")
    come(page)
    until(page, "document.querySelector('#media video').currentTime > 0")
    assert page.evaluate("getComputedStyle(document.querySelector('#media > *')).filter") == "none"


def test_what_comes_from_elsewhere_stays_an_address(desk: Console, media: Media) -> None:
    names = [
        post(desk, f"Tea {at}?", kind="image", media=address)
        for at, address in enumerate((f"{media.elsewhere}/red.png", "s3://bucket/red.png"))
    ]
    page = desk.page(desk.person("moderator"), "/review/")
    for at, said in enumerate(("this site does not load from there", "no address that a browser could load")):
        ready(page, f"Tea {at}?")
        page.keyboard.press("b")
        expect(page.locator("#evidence")).to_contain_text(said)
        expect(page.locator("#media")).to_have_count(0)
        page.keyboard.press("1")
        page.keyboard.press("Enter")
        stands(desk, names[at], "allow")
    port = media.elsewhere.rpartition(":")[2]
    assert [path for path in media.paths() if path.startswith(port)] == []


def test_only_the_review_page_may_load_them_and_only_from_there(desk: Console, media: Media) -> None:
    page = desk.page(desk.person("moderator"), "/review/")
    policies = {}
    for path in ("/review/", "/care/", "/review/keys/"):
        answer = page.goto(desk.url + path)
        assert answer is not None
        policies[path] = answer.headers["content-security-policy"]
    assert f"img-src 'self' data: {media.here};" in policies["/review/"]
    assert policies["/review/"].endswith(f"media-src {media.here}")
    assert media.here not in policies["/care/"] + policies["/review/keys/"]
    assert media.elsewhere not in policies["/review/"]


def test_what_cannot_be_loaded_is_told_and_does_not_stop_the_work(desk: Console, media: Media) -> None:
    names = [
        post(desk, f"Tea {at}?", kind="image", media=f"{media.here}{path}")
        for at, path in enumerate(("/nowhere.png", "/away.png"))
    ]
    page = desk.page(desk.person("moderator"), "/review/")
    for at, name in enumerate(names):
        ready(page, f"Tea {at}?")
        page.keyboard.press("b")
        expect(page.locator("#media")).to_contain_text("It could not be loaded.")
        page.keyboard.press("1")
        page.keyboard.press("Enter")
        stands(desk, name, "allow")
    # Where a listed origin leads elsewhere, the browser is held to the list.
    assert asked_for(media, "?from-away") == []
    assert [fault for fault in desk.faults if "img-src" in fault] == desk.faults != []
    desk.faults.clear()

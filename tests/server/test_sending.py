"""One try to send: signed as others check it, to public addresses only, and never longer than its limit."""

from __future__ import annotations

import ipaddress
import json
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from standardwebhooks import Webhook

from tidegate.server.delivery.addresses import is_public
from tidegate.server.delivery.sending import Message, Outcome, send
from tidegate.server.delivery.signing import headers, make_secret


class Site(ThreadingHTTPServer):
    """A receiver that answers as the path says, and counts what reached it."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.reached: list[str] = []
        self.over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answers(BaseHTTPRequestHandler):
    server: Site

    def do_POST(self) -> None:
        self.server.reached.append(self.path)
        self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/silent":
            self.server.over.wait(30)
            return
        self.send_response(int(self.path.rpartition("/")[2]) if self.path[-1].isdigit() else 200)
        if self.path.startswith("/redirect"):
            self.send_header("Location", f"{self.server.url}/secret")
        if self.path == "/half":
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"half")
            self.wfile.flush()
            self.server.over.wait(30)
        elif self.path == "/drip":
            self.end_headers()
            while not self.server.over.wait(0.05):
                self.wfile.write(b".")
                self.wfile.flush()
        elif self.path == "/large":
            self.end_headers()
            self.wfile.write(b"x" * 10_000_000)
        else:
            self.send_header("Content-Length", "0")
            self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


class _Quiet(Site):
    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever is hung up on may complain: that is what is tested."""


@pytest.fixture
def site() -> Iterator[Site]:
    server = _Quiet()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()


def sent(url: str, *, timeout_s: float = 0.5, allow_private: bool = True) -> Outcome:
    return send(Message(url, {}, b"{}"), timeout_s=timeout_s, allow_private=allow_private)


def test_a_message_is_signed_as_standard_webhooks_has_it() -> None:
    old, new = make_secret(), make_secret()
    body = json.dumps({"type": "item.decided"}).encode()
    signed = headers("msg_1", int(datetime.now(UTC).timestamp()), body, [new, old])
    for secret in (old, new):
        Webhook(secret).verify(body.decode(), signed)
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(make_secret()).verify(body.decode(), signed)
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(new).verify(body.decode() + " ", signed)


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/200", ""),
        ("/204", ""),
        ("/large", ""),
        ("/500", "answered 500"),
        ("/redirect/302", "answered 302: redirects are not followed"),
        ("/redirect/307", "answered 307: redirects are not followed"),
        ("/silent", "no answer within 0.5 s"),
        ("/half", "no answer within 0.5 s"),
        ("/drip", "no answer within 0.5 s"),
    ],
)
def test_what_counts_as_delivered(site: Site, path: str, problem: str) -> None:
    assert sent(site.url + path) == Outcome(problem)
    assert site.reached == [path]


def test_410_says_that_the_endpoint_has_gone(site: Site) -> None:
    assert sent(f"{site.url}/410") == Outcome("answered 410", gone=True)


def test_a_receiver_that_is_down_is_a_problem(site: Site) -> None:
    site.shutdown()
    site.server_close()
    assert "refused" in sent(f"{site.url}/200").problem


def test_what_took_too_long_to_find_is_not_sent(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """By then another worker may have sent it, and what comes after it."""
    look_up, waits = socket.getaddrinfo, [0.7]

    def slow(*asked: Any, **named: Any) -> Any:
        time.sleep(waits.pop() if waits else 0)  # the name; its address is found at once
        return look_up(*asked, **named)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    assert sent(f"{site.url}/200") == Outcome("no answer within 0.5 s")
    assert site.reached == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0.0.0.0"])
def test_a_private_address_is_not_even_connected_to(site: Site, host: str) -> None:
    outcome = sent(f"http://{host}:{site.server_port}/200", allow_private=False)
    assert outcome.problem == "the name leads to an address that is not public"
    assert site.reached == []


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "127.0.0.1",
        "0.0.0.0",
        "169.254.169.254",
        "168.63.129.16",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd00:ec2::254",
        "fec0::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
        "2001:db8::1",
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_addresses_that_are(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))

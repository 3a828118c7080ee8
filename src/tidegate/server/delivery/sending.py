"""One try to send one message: to a checked address, within a time limit, without following anything."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

from tidegate.server.delivery.addresses import RefusedAddressError, resolve

MOST_READ = 64 * 2**10
"""Bytes of an answer that are read; more is of no use to anybody here."""
GONE = 410


@dataclass(frozen=True)
class Message:
    """What is sent: to where, and with which headers."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Outcome:
    """What came of a try. `problem` is empty where it was delivered."""

    problem: str = ""
    gone: bool = False


def send(message: Message, *, timeout_s: float, allow_private: bool) -> Outcome:
    """POST a message. Any 2xx is a delivery; all else, a redirect too, is a problem."""
    try:
        status = _post(message, timeout_s, allow_private)
    except RefusedAddressError as error:
        return Outcome(str(error))
    except TimeoutError:
        return Outcome(f"no answer within {timeout_s:g} s")
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        return Outcome(f"{type(error).__name__}: {error}"[:200])
    if 200 <= status < 300:
        return Outcome()
    if 300 <= status < 400:
        return Outcome(f"answered {status}: redirects are not followed")
    return Outcome(f"answered {status}", gone=status == GONE)


def _post(message: Message, timeout_s: float, allow_private: bool) -> int:
    parts = urlsplit(message.url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    connection = http.client.HTTPConnection(host, port)
    limit = _Limit(timeout_s)
    try:
        # The system takes its own time over a name, and nothing can stop it; so what is late is not sent: by
        # then another worker may have taken over.
        addresses = resolve(host, port, allow_private=allow_private)
        if limit.passed.is_set():
            raise TimeoutError
        connection.sock = limit.watch(_connect(addresses, port, timeout_s))
        if secure:
            # The certificate is checked against the name, whatever address the connection goes to.
            plain = connection.sock
            # Watched before its handshake, which may hang too.
            wrapped = _tls().wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
            connection.sock = limit.watch(wrapped)
            wrapped.do_handshake()
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {"Host": parts.netloc, "Connection": "close", **message.headers}
        connection.request("POST", target, body=message.body, headers=headers)
        response = connection.getresponse()
        response.read(MOST_READ)
        if limit.passed.is_set():
            raise TimeoutError
        return response.status
    except (OSError, http.client.HTTPException, ValueError) as error:
        if limit.passed.is_set():
            raise TimeoutError from error
        raise
    finally:
        limit.end()
        connection.close()


def _connect(addresses: list[str], port: int, timeout_s: float) -> socket.socket:
    problem: OSError = OSError("the name has no address")
    for address in addresses:
        try:
            return socket.create_connection((address, port), timeout=timeout_s / len(addresses))
        except OSError as error:
            problem = error
    raise problem


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


class _Limit:
    """Shuts a connection when the time is over: a timeout of sockets begins anew with every byte."""

    def __init__(self, seconds: float) -> None:
        self.passed = threading.Event()
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._shut)
        self._timer.daemon = True
        self._timer.start()

    def watch(self, connection: socket.socket) -> socket.socket:
        self._socket = connection
        if self.passed.is_set():
            self._shut()
        return connection

    def end(self) -> None:
        self._timer.cancel()

    def _shut(self) -> None:
        self.passed.set()
        if self._socket is not None:
            with suppress(OSError):
                # The plain socket's, since TLS would say goodbye first, and wait.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

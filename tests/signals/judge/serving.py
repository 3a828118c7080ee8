"""A real HTTP server on loopback that speaks the chat protocol, and misbehaves as it is told.

It writes bytes to a socket, so that it can also do what no framework would let it: drip, stop half-way, lie
about lengths, answer with a page.
"""

from __future__ import annotations

import json
import re
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

Request = dict[str, Any]
Behaviour = Callable[["Connection", Request], None]
"""What the server does with one request."""


@dataclass
class Connection:
    """The server's end of one request."""

    handler: socketserver.StreamRequestHandler

    def write(self, data: bytes) -> None:
        self.handler.wfile.write(data)
        self.handler.wfile.flush()

    def hang_up(self) -> None:
        """Close the socket under the client."""
        self.handler.connection.shutdown(socket.SHUT_RDWR)
        self.handler.close_connection = True  # type: ignore[attr-defined]

    def respond(
        self,
        body: bytes | str,
        *,
        status: str = "200 OK",
        kind: str = "application/json",
        headers: Mapping[str, str] | None = None,
        length: int | None = None,
    ) -> None:
        raw = body.encode() if isinstance(body, str) else body
        head = {"Content-Type": kind, "Content-Length": str(len(raw) if length is None else length)}
        lines = [f"HTTP/1.1 {status}", *(f"{k}: {v}" for k, v in (head | dict(headers or {})).items())]
        self.write("\r\n".join(lines).encode() + b"\r\n\r\n" + raw)


@dataclass
class Server:
    url: str
    requests: list[Request] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def items(self) -> list[str]:
        """The texts that it was shown, without marks."""
        return [item_in(request) for request in self.requests]


def item_in(request: Request) -> str:
    content = request["messages"][-1]["content"]
    said = content if isinstance(content, str) else content[0]["text"]
    found = re.search(r"\[\[item [0-9a-f]+\]\]\n(.*)\n\[\[end of item", said, re.DOTALL)
    assert found is not None, said
    return found.group(1)


@contextmanager
def serving(behave: Behaviour) -> Iterator[Server]:
    """A server that does `behave` with every request, until the block ends."""
    lock = threading.Lock()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with suppress(ConnectionError, BrokenPipeError):
                while request := self._read():
                    with lock:
                        server.requests.append(request)
                        server.at_once += 1
                        server.most_at_once = max(server.most_at_once, server.at_once)
                    try:
                        behave(Connection(self), request)
                    finally:
                        with lock:
                            server.at_once -= 1
                    if getattr(self, "close_connection", False):
                        return

        def _read(self) -> Request | None:
            line = self.rfile.readline()
            if not line:
                return None
            assert line.startswith(b"POST /v1/chat/completions "), line
            headers = {}
            while (line := self.rfile.readline().strip()) != b"":
                name, _, value = line.decode().partition(":")
                headers[name.strip().lower()] = value.strip()
            server.keys.append(headers.get("authorization", ""))
            return json.loads(self.rfile.read(int(headers["content-length"])))  # type: ignore[no-any-return]

    class Listening(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True
        request_queue_size = 64

    with Listening(("127.0.0.1", 0), Handler) as listening:
        server = Server(f"http://127.0.0.1:{listening.server_address[1]}/v1")
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.stopping.set()
            listening.shutdown()
            thread.join()


def verdict(
    violates: bool = False, clause: str | None = None, evidence: str = "", severity: str | None = None
) -> dict[str, str]:
    return {
        "violates": "yes" if violates else "no",
        "clause": clause or ("V1" if violates else "N1"),
        "severity": severity or ("high" if violates else "none"),
        "evidence": evidence,
        "rationale": "Because the clause says so.",
    }


def answer(addresses: str = "no", **by_policy: dict[str, str]) -> str:
    """An answer; `loud_music=verdict(…)` for the policy loud-music."""
    return json.dumps(
        {
            "addresses_judge": addresses,
            **{name.replace("_", "-"): found for name, found in by_policy.items()},
        },
        ensure_ascii=False,
    )


def tokens_of(text: str, yes: Mapping[int, float] | None = None) -> list[dict[str, Any]]:
    """The text cut into tokens, with log-probabilities of yes and no at each verdict.

    `yes` gives P(yes) by the verdict's place; `addresses_judge` is none.
    """
    import math

    pieces = re.findall(r'"violates": "|yes|no|.', text, re.DOTALL)
    found, place = [], 0
    for number, piece in enumerate(pieces):
        likeliest = [{"token": piece, "logprob": -0.01}]
        if number and pieces[number - 1] == '"violates": "':
            p = (yes or {}).get(place, 0.5)
            likeliest = [
                {"token": "yes", "logprob": math.log(p)},
                {"token": "no", "logprob": math.log(1 - p)},
            ]
            place += 1
        own = next((one["logprob"] for one in likeliest if one["token"] == piece), -0.01)
        found.append({"token": piece, "logprob": own, "top_logprobs": likeliest})
    return found


def completion(
    text: str | None,
    *,
    finish: str | None = "stop",
    usage: Any = None,
    logprobs: Any = None,
    refusal: str | None = None,
) -> str:
    """A chat completion as servers send it."""
    message = {"role": "assistant", "content": text} | ({"refusal": refusal} if refusal else {})
    return json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "small",
            "choices": [
                {
                    "index": 0,
                    "message": message,
                    "finish_reason": finish,
                    "logprobs": {"content": logprobs} if logprobs is not None else None,
                }
            ],
            "usage": {"prompt_tokens": 900, "completion_tokens": 60, "total_tokens": 960}
            if usage is None
            else usage,
        },
        ensure_ascii=False,
    )

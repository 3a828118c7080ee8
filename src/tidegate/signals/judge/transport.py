"""One request to a chat endpoint, and everything that a server may do instead of answering it.

Speaks through the `openai` client, whose own retries are off: how often and how long to try is for `asking`.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from tidegate.errors import SignalError, Where
from tidegate.signals.judge.confidence import Token
from tidegate.signals.judge.failure import NoVerdictError

if TYPE_CHECKING:
    from openai import AsyncOpenAI

MOST_BYTES = 4_000_000
MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]{1,40}")
REFUSED_FINISHES = ("content_filter",)
WHOLE_FINISHES = ("stop", None)
NOT_A_COMPLETION = "the answer is not a chat completion"
NO_KEY = "none"


@dataclass(frozen=True)
class Reply:
    """What a model said. Token counts are None where the server does not tell them, or not credibly."""

    text: str
    tokens: tuple[Token, ...]
    tokens_in: int | None
    tokens_out: int | None


def open_client(base_url: str, key_env: str, where: Where) -> AsyncOpenAI:
    """A client for one event loop; close it with `await client.close()`.

    Raises:
        SignalError: the extra is not installed, or the environment has no such key.
    """
    try:
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient
    except ImportError as error:
        raise SignalError(
            "the judge needs the package openai", where=where, remedy="pip install 'tidegate[judge]'"
        ) from error
    key = os.environ.get(key_env, "") if key_env else NO_KEY
    if not key:
        raise SignalError(
            f"the environment has no {key_env}",
            where=where,
            remedy=f"Put the key into the environment: export {key_env}=…",
        )
    # A server on this machine is never behind a proxy, whatever the environment says of others.
    http = DefaultAsyncHttpxClient(trust_env=not _is_local(base_url))
    return AsyncOpenAI(base_url=base_url, api_key=key, max_retries=0, timeout=None, http_client=http)


async def send(client: AsyncOpenAI, request: Mapping[str, Any]) -> Reply:
    """Send one request and read the whole reply. The caller limits the time.

    Raises:
        NoVerdictError: there is no reply, or it holds no whole answer.
    """
    import openai

    try:
        async with client.chat.completions.with_streaming_response.create(**request) as response:
            kind = response.headers.get("content-type", "")
            body = bytearray()
            async for chunk in response.iter_bytes():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise NoVerdictError("the answer is too long", server=True, billed=True)
    except openai.APIStatusError as error:
        raise _refusal(error.status_code, error.response.headers) from None
    except openai.APIConnectionError as error:
        raise _no_connection(error) from None
    except openai.OpenAIError:
        raise NoVerdictError(NOT_A_COMPLETION, server=True, billed=True) from None
    except Exception as error:
        if not type(error).__module__.startswith("http"):
            raise
        # While the body is read, the client lets its library's own errors through.
        raise NoVerdictError(
            "the answer was cut off in transit", again=True, server=True, billed=True
        ) from None
    return reply_of(bytes(body), kind)


def reply_of(body: bytes, content_type: str) -> Reply:
    """The reply in a body that came with status 200.

    Raises:
        NoVerdictError: it is no chat completion, or one without a whole answer.
    """
    try:
        completion = orjson.loads(body)
    except orjson.JSONDecodeError:
        kind = MEDIA_TYPE.match(content_type.lower())
        if kind is None or "json" in kind.group():
            raise NoVerdictError(
                "the answer was cut off in transit", again=True, server=True, billed=True
            ) from None
        raise NoVerdictError(
            f"the answer is {kind.group()}, not JSON", again=True, server=True, billed=True
        ) from None
    choice = _only_choice(completion)
    message = choice.get("message")
    if not isinstance(message, dict):
        raise NoVerdictError(NOT_A_COMPLETION, server=True, billed=True)
    finish = choice.get("finish_reason")
    usage = _usage(completion.get("usage"))
    if message.get("refusal") or finish in REFUSED_FINISHES:
        raise Unread("the model refused to answer", *usage)
    if finish not in WHOLE_FINISHES:
        known = isinstance(finish, str) and re.fullmatch(r"[a-z_]{1,30}", finish)
        raise Unread(f"the answer ended early ({finish})" if known else "the answer ended early", *usage)
    text = message.get("content")
    if not isinstance(text, str) or not text.strip():
        raise Unread("the answer has not the form asked for", *usage)
    return Reply(text, tuple(_tokens(choice.get("logprobs"))), *usage)


class Unread(NoVerdictError):  # noqa: N818 - an answer that came, and cannot be read as one
    """The server did its work, and there is still no answer; token counts as in `Reply`."""

    def __init__(self, reason: str, tokens_in: int | None, tokens_out: int | None) -> None:
        super().__init__(reason, billed=True)
        self.tokens_in, self.tokens_out = tokens_in, tokens_out


def _only_choice(completion: object) -> dict[str, Any]:
    choices = completion.get("choices") if isinstance(completion, dict) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise NoVerdictError(NOT_A_COMPLETION, server=True, billed=True)
    return choices[0]


def _usage(usage: object) -> tuple[int | None, int | None]:
    if not isinstance(usage, dict):
        return None, None
    counts = [usage.get(name) for name in ("prompt_tokens", "completion_tokens")]
    credible = all(isinstance(count, int) and not isinstance(count, bool) and count >= 0 for count in counts)
    return (counts[0], counts[1]) if credible else (None, None)


def _tokens(logprobs: object) -> Sequence[Token]:
    """The tokens with their log-probabilities; none where one of them is not whole."""
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    if not isinstance(content, list):
        return ()
    try:
        return [
            Token(
                str(one["token"]),
                _logprob(one["logprob"]),
                {str(other["token"]): _logprob(other["logprob"]) for other in one.get("top_logprobs") or ()},
            )
            for one in content
        ]
    except (KeyError, TypeError, ValueError, AttributeError):
        return ()


def _logprob(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value <= 1e-6:
        raise ValueError("no log-probability")
    return max(float(value), -700.0)


def _refusal(status: int, headers: Mapping[str, str]) -> NoVerdictError:
    if status == 429:
        reason = f"rate-limited (HTTP {status})"
        return NoVerdictError(reason, again=True, server=True, wait_s=_wait(headers.get("retry-after")))
    if status in (401, 403):
        return NoVerdictError(f"the key was not accepted (HTTP {status})", server=True)
    if status >= 500 or status in (408, 409):
        reason = f"server error (HTTP {status})"
        return NoVerdictError(reason, again=True, server=True, wait_s=_wait(headers.get("retry-after")))
    return NoVerdictError(f"the request was refused (HTTP {status})")


def _wait(header: str | None) -> float | None:
    """Seconds that `Retry-After` names; dates, which clocks disagree about, are not read."""
    return float(header) if header is not None and re.fullmatch(r"[0-9]{1,6}", header) else None


def _no_connection(error: Exception) -> NoVerdictError:
    """Nobody listens, or somebody does and breaks off: then work may have been done."""
    cause = error.__cause__
    if cause is not None and "Connect" in type(cause).__name__:
        return NoVerdictError("no connection", again=True, server=True)
    return NoVerdictError("the answer was cut off in transit", again=True, server=True, billed=True)


def _is_local(base_url: str) -> bool:
    host = urlsplit(base_url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

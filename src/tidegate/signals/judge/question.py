"""An item as a question to the judge: the request, the key under which its answer is kept, and its text."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

from tidegate.policy.model import Policy
from tidegate.signals.judge.budget import tokens_at_least, tokens_at_most
from tidegate.signals.judge.failure import NoVerdictError
from tidegate.signals.judge.marks import defused
from tidegate.signals.judge.prompt import Prompt
from tidegate.signals.judge.schema import VERSION, answer_schema
from tidegate.signals.judge.settings import Settings

PICTURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"RIFF": "image/webp",
}
MOST_PICTURE_BYTES = 10_000_000
TOKENS_PER_PICTURE = 3_000
LIKELIEST = 20
"""The most that hosted servers tell of each token."""

ITEM_TOKENS = 200
"""For what stands around an item: marks, the question, a chat template."""

SAMPLING_TEMPERATURE = 0.7


@dataclass(frozen=True)
class Question:
    """What is sent of one item. `quotable` is the text that evidence must stand in; None with a picture.

    `realm` is within what answers are shared: the judge's `id`, and the zone where there is one, since nobody
    may learn from an answer that another zone has such an item.
    """

    item_id: str
    realm: str
    text: str
    context: str
    picture: str | None
    key: str
    settled: bool

    @property
    def quotable(self) -> str | None:
        return None if self.picture is not None else defused(self.text)


@dataclass(frozen=True)
class Questioner:
    """Makes questions and requests for one judge. `id` names it by all that its answers depend on."""

    settings: Settings
    policies: tuple[Policy, ...]
    prompt: Prompt

    @cached_property
    def system(self) -> str:
        return self.prompt.system_message(self.policies, self.settings.language)

    @cached_property
    def system_tokens(self) -> int:
        """The most tokens that the system message can be; counted once."""
        return tokens_at_most(self.system)

    @cached_property
    def least_tokens(self) -> int:
        """The fewest tokens that the system message can be."""
        return tokens_at_least(self.system)

    @cached_property
    def id(self) -> str:
        """The hash, in hexadecimal, of policies, prompt, model and parameters."""
        settings = self.settings
        about = [
            VERSION,
            self.system,
            self.prompt.item,
            settings.model,
            settings.confidence,
            settings.samples,
        ]
        about += [settings.structured, settings.answer_tokens(len(self.policies)), settings.images]
        return hashlib.sha256(orjson.dumps(about)).hexdigest()

    def question(self, item: Mapping[str, Any]) -> Question:
        """The question about a row of `tables.ITEMS`, in the service with its zone.

        Raises:
            NoVerdictError: its picture cannot be sent.
        """
        text, context = item["text"] or "", item["context"] or ""
        self._check_length(text + context)
        media = item["media"] if self.settings.images and item["kind"] == "image" else None
        picture = None
        if self.settings.images and item["kind"] == "image":
            picture = _picture(media)
        realm = "/".join(filter(None, [self.id, item.get("zone")]))
        about = [realm, text, context, picture and hashlib.sha256(picture.encode()).hexdigest()]
        key = hashlib.sha256(orjson.dumps(about)).hexdigest()
        return Question(
            str(item["id"]), realm, text, context, picture, key, not defused(text).strip() and picture is None
        )

    def _check_length(self, shown: str) -> None:
        """A long item must not push the policies out of the context of a server that cuts off silently."""
        settings = self.settings
        if len(shown) > settings.longest:
            raise NoVerdictError("the item is too long for the judge")
        # No token is less than a byte, whatever somebody writes; the policies are prose of our own.
        needed = self.system_tokens + len(shown.encode("utf-8", "replace")) + ITEM_TOKENS
        needed += settings.answer_tokens(len(self.policies))
        if settings.context_tokens and needed > settings.context_tokens:
            raise NoVerdictError("the item may not fit the model's context")

    def check_read(self, tokens_in: int | None) -> None:
        """That the server read the policies whole, by the tokens that it counted.

        Raises:
            NoVerdictError: it counted fewer than the policies alone can be.
        """
        if tokens_in is not None and tokens_in < self.least_tokens:
            raise NoVerdictError("the server read only a part of the request")

    def request(self, question: Question, sample: int | None = None) -> dict[str, Any]:
        """The request; `sample` numbers repeated ones, which are answered at random."""
        settings = self.settings
        ids = [policy.id for policy in self.policies]
        said = self.prompt.item_message(question.text, ids, question.context)
        content: str | list[dict[str, Any]] = said
        if question.picture is not None:
            content = [
                {"type": "text", "text": said},
                {"type": "image_url", "image_url": {"url": question.picture}},
            ]
        request: dict[str, Any] = {
            "model": settings.model,
            "messages": [{"role": "system", "content": self.system}, {"role": "user", "content": content}],
            "max_tokens": settings.answer_tokens(len(self.policies)),
            "temperature": 0.0 if sample is None else SAMPLING_TEMPERATURE,
            "seed": 1 if sample is None else 2 + sample,
        }
        if settings.confidence == "tokens" and sample is None:
            request |= {"logprobs": True, "top_logprobs": LIKELIEST}
        if settings.structured:
            schema = {"name": "verdicts", "strict": True, "schema": answer_schema(self.policies)}
            request["response_format"] = {"type": "json_schema", "json_schema": schema}
        return request

    def tokens_in(self, question: Question) -> int:
        """The most tokens that a request about it can hold."""
        picture = TOKENS_PER_PICTURE if question.picture is not None else 0
        said = tokens_at_most(self.prompt.item + question.text + question.context)
        return self.system_tokens + said + picture


def _picture(media: object) -> str:
    """A picture of this machine as a data address. What is no picture by its first bytes is never sent."""
    try:
        path = Path(str(media or ""))
        if not path.is_file() or path.stat().st_size > MOST_PICTURE_BYTES:
            raise NoVerdictError("the picture is not here, or too large")
        raw = path.read_bytes()
    except (OSError, ValueError):
        raise NoVerdictError("the picture cannot be read") from None
    kind = next((kind for start, kind in PICTURES.items() if raw.startswith(start)), None)
    if kind is None:
        raise NoVerdictError("the picture is of no kind that a model reads")
    return f"data:{kind};base64,{base64.b64encode(raw).decode()}"


def message_texts(request: Mapping[str, Any]) -> Sequence[str]:
    """The texts of a request's messages, as tests and cards look at them."""
    found = []
    for message in request["messages"]:
        content = message["content"]
        found.append(content if isinstance(content, str) else content[0]["text"])
    return found

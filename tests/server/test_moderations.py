"""The real client of the OpenAI API against `/v1/moderations`: it need not know whom it talks to."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from tidegate.server.moderations.categories import CATEGORIES

MILD, RUDE = "Lovely day at the lake.", "You are a worthless idiot, everybody hates you."


@pytest.fixture(scope="module")
def key(service: Any) -> str:
    made = service.command("key", f"mod-{uuid.uuid4()}", "--zone", "us", "--scope", "moderations")
    assert made.returncode == 0, made.stderr
    return str(made.stdout.strip())


@pytest.fixture
def client(service: Any, key: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key=key, base_url=f"{service.url}/v1", max_retries=0) as found:
        yield found


def test_a_text_is_answered_as_the_client_expects(client: openai.OpenAI) -> None:
    answer = client.moderations.create(input=RUDE)
    assert answer.id.startswith("modr-")
    assert answer.model.startswith("tidegate-text-")
    [result] = answer.results
    assert result.flagged
    assert result.categories.harassment
    assert not result.categories.sexual_minors
    assert result.category_scores.harassment > result.category_scores.violence_graphic
    assert result.category_applied_input_types.harassment == ["text"]
    assert set(result.categories.to_dict()) == set(CATEGORIES)


def test_the_verdict_is_that_of_the_active_strategy(client: openai.OpenAI, service: Any) -> None:
    answer = client.moderations.create(input=[MILD, RUDE], model="omni-moderation-latest")
    posts = [{"id": f"post-{uuid.uuid4()}", "text": text} for text in (MILD, RUDE)]
    with service.client() as items:
        decided = items.post("/items", json={"items": posts}).json()["decisions"]
    for result, decision in zip(answer.results, decided, strict=True):
        said = result.model_extra["tidegate"]
        assert {name: said[name] for name in ("action", "rule", "policy")} == {
            name: decision[name] for name in ("action", "rule", "policy")
        }
        assert result.flagged == (decision["action"] != "allow")
        assert any(result.categories.to_dict().values()) == result.flagged
        assert set(said["harms"]) >= {"hate", "self_harm", "animal_abuse"}
        assert all(0 <= score <= 1 for score in result.category_scores.to_dict().values())


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ("x" * 200_001, "input"),
        ([MILD, "x" * 200_001], "input.1"),
        ([{"type": "text", "text": MILD}, {"type": "text", "text": "x" * 200_001}], "input.1"),
    ],
)
def test_a_text_that_is_too_long_is_told(client: openai.OpenAI, given: Any, field: str) -> None:
    with pytest.raises(openai.BadRequestError) as told:
        client.moderations.create(input=given)
    assert told.value.param == field
    assert f"{field}: at most 200,000 characters are taken here" in told.value.message


def test_the_parts_of_one_post_are_one_input(client: openai.OpenAI) -> None:
    parts: Any = [{"type": "text", "text": text} for text in (MILD, RUDE)]
    [together] = client.moderations.create(input=parts).results
    [_, alone] = client.moderations.create(input=[MILD, RUDE]).results
    assert together.categories == alone.categories
    assert together.flagged


def test_an_image_that_nothing_reads_is_not_called_fine(client: openai.OpenAI) -> None:
    parts: Any = [{"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}}]
    with pytest.raises(openai.BadRequestError, match="no detector reads content of the kind 'image'"):
        client.moderations.create(input=parts)


def test_an_empty_text_is_decided(client: openai.OpenAI) -> None:
    first, second = client.moderations.create(input=["", MILD]).results
    assert (first.flagged, second.flagged) == (False, False)


def test_nothing_of_it_is_kept(client: openai.OpenAI, service: Any) -> None:
    def rows() -> str:
        return str(service.command("ledger", "verify").stdout)

    before = rows()
    client.moderations.create(input=[RUDE] * 3)
    assert rows() == before


def test_a_key_that_is_none_or_may_not_is_refused(service: Any) -> None:
    for key, error in (("nonsense", openai.AuthenticationError), (service.key, openai.PermissionDeniedError)):
        with openai.OpenAI(api_key=key, base_url=f"{service.url}/v1", max_retries=0) as client:
            with pytest.raises(error) as told:
                client.moderations.create(input=MILD)
            assert told.value.body["message"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "Field required"),
        ({"input": []}, "at least 1 item"),
        ({"input": 7}, "give a text, a list of texts, or"),
        ({"input": [MILD, 7]}, "give a text, a list of texts, or"),
        ({"input": [{"type": "song"}]}, "'song'"),
        ({"input": "x\x00y"}, "a NUL character cannot be stored"),
        ({"input": "a flag cut in two: \ud83c"}, "half of a surrogate pair"),
        ({"input": [MILD] * 1_001}, "at most 1000 items"),
    ],
)
def test_bad_input_is_told_in_the_clients_own_form(service: Any, key: str, body: object, said: str) -> None:
    answer = httpx.post(
        f"{service.url}/v1/moderations",
        content=json.dumps(body),  # which escapes what UTF-8 has no bytes for
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        timeout=60,
    )
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["param"].partition(".")[0] == "input"
    assert error["type"] == "invalid_request_error"
    assert said in error["message"]

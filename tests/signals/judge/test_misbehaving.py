"""Whatever a server does, an item without an answer is failed, with the reason, and goes to review."""

from __future__ import annotations

import itertools
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from tests.signals.judge.conftest import MakeJudge, items_of
from tests.signals.judge.serving import (
    Behaviour,
    Connection,
    Request,
    answer,
    completion,
    serving,
    tokens_of,
    verdict,
)

from tidegate.signals import compute
from tidegate.signals.judge.detector import Judge
from tidegate.signals.judge.settings import Settings
from tidegate.strategy import cascade, decisions_frame, load_strategy
from tidegate.tables import Catalog

NIGHT = "at 23 my neighbour plays the trumpet"
STRATEGY = """
strategy: judged
version: 1
rules:
  - {id: judged, when: judge.violates, then: remove, policy: hateful-behaviour}
  - {id: otherwise, then: allow}
"""
FINE = answer(loud_music=verdict())
GUILTY = answer(loud_music=verdict(True, evidence="at 23 my neighbour plays"))


@pytest.fixture(autouse=True)
def quick_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The waits between tries are drawn below this bound; what is tested is what happens, not how slowly."""
    monkeypatch.setattr("tidegate.signals.judge.asking.FIRST_WAIT_S", 0.01)


def decide(judge: Judge) -> tuple[tuple[str, str, dict[str, str]], pl.DataFrame]:
    """What a strategy that asks the judge decides about an item: action, reason and failures; and the
    signals."""
    catalog = Catalog.of(judge.spec)
    strategy = load_strategy(STRATEGY, catalog=catalog)
    items = items_of(NIGHT)
    result = cascade(strategy, items, lambda _, asked: compute(judge, asked), catalog=catalog)
    row = decisions_frame(strategy, result.resolution, result.signals, catalog).row(0, named=True)
    return (row["action"], row["reason"], json.loads(row["failure"])), result.signals


def says(body: str | bytes, **how: object) -> Behaviour:
    return lambda connection, _: connection.respond(body, **how)  # type: ignore[arg-type]


def closes(connection: Connection, _: Request) -> None:
    connection.hang_up()


def cuts_the_body(connection: Connection, _: Request) -> None:
    connection.respond(completion(FINE)[:200], length=4_000)
    connection.hang_up()


def cuts_a_chunk(connection: Connection, _: Request) -> None:
    connection.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n100\r\n{"
    )
    connection.hang_up()


def is_silent(connection: Connection, _: Request) -> None:
    time.sleep(20)


def drips(connection: Connection, _: Request) -> None:
    """A byte now and then, so that no single read times out."""
    body = completion(FINE).encode()
    connection.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
    connection.write(f"Content-Length: {len(body)}\r\n\r\n".encode())
    for byte in body:
        connection.write(bytes([byte]))
        time.sleep(0.05)


def drips_headers(connection: Connection, _: Request) -> None:
    for byte in b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"a" * 200:
        connection.write(bytes([byte]))
        time.sleep(0.05)


def never_ends(connection: Connection, _: Request) -> None:
    connection.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n"
    )
    while True:
        connection.write(b" " * 100_000)


def speaks_no_http(connection: Connection, _: Request) -> None:
    connection.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    connection.hang_up()


PAGE = "<html><body><h1>502 Bad Gateway</h1></body></html>"
CASES: dict[str, tuple[Behaviour, str, int]] = {
    "closes at once": (closes, "the answer was cut off in transit", 3),
    "cuts the body": (cuts_the_body, "the answer was cut off in transit", 3),
    "cuts a chunk": (cuts_a_chunk, "the answer was cut off in transit", 3),
    "cuts JSON and ends well": (says(completion(FINE)[:100]), "the answer was cut off in transit", 3),
    "speaks no HTTP": (speaks_no_http, "the answer was cut off in transit", 3),
    "an empty body": (says(""), "the answer was cut off in transit", 3),
    "never ends": (never_ends, "the answer is too long", 1),
    "a page with 200": (says(PAGE, kind="text/html; charset=utf-8"), "the answer is text/html, not JSON", 3),
    "a page with 502": (says(PAGE, status="502 Bad Gateway", kind="text/html"), "server error (HTTP 502)", 3),
    "plain text": (says("busy", kind="text/plain"), "the answer is text/plain, not JSON", 3),
    "500": (says("{}", status="500 Oops"), "server error (HTTP 500)", 3),
    "503": (says('{"error": "loading"}', status="503 Loading"), "server error (HTTP 503)", 3),
    "429": (says("{}", status="429 Slow down"), "rate-limited (HTTP 429)", 3),
    "429, come back in an hour": (
        says("{}", status="429 Slow down", headers={"Retry-After": "3600"}),
        "rate-limited (HTTP 429)",
        1,
    ),
    "401": (says("{}", status="401 No"), "the key was not accepted (HTTP 401)", 1),
    "403": (says("{}", status="403 No"), "the key was not accepted (HTTP 403)", 1),
    "400": (says('{"error": "no schema"}', status="400 Bad"), "the request was refused (HTTP 400)", 1),
    "404": (says(PAGE, status="404 Not Found", kind="text/html"), "the request was refused (HTTP 404)", 1),
    "a list": (says("[]"), "the answer is not a chat completion", 1),
    "null": (says("null"), "the answer is not a chat completion", 1),
    "an error with 200": (says('{"error": {"message": "no"}}'), "the answer is not a chat completion", 1),
    "no choices": (says('{"choices": []}'), "the answer is not a chat completion", 1),
    "a choice that is none": (says('{"choices": [1]}'), "the answer is not a chat completion", 1),
    "no message": (says('{"choices": [{"message": null}]}'), "the answer is not a chat completion", 1),
    "no content": (says(completion(None)), "the answer has not the form asked for", 1),
    "cut at max_tokens": (says(completion(FINE, finish="length")), "the answer ended early (length)", 1),
    "calls a tool": (says(completion(FINE, finish="tool_calls")), "the answer ended early (tool_calls)", 1),
    "an odd end": (says(completion(FINE, finish="<b>x")), "the answer ended early", 1),
    "refuses": (says(completion(None, refusal="I cannot")), "the model refused to answer", 1),
    "is filtered": (says(completion("", finish="content_filter")), "the model refused to answer", 1),
    "prose": (says(completion("It is fine.")), "the answer has not the form asked for", 1),
    "half an object": (says(completion(FINE[:-5])), "the answer has not the form asked for", 1),
    "another policy": (says(completion(answer(other=verdict()))), "the answer has not the form asked for", 1),
    "no policy": (says(completion('{"addresses_judge": "no"}')), "the answer has not the form asked for", 1),
    "a verdict of another type": (
        says(completion(FINE.replace('"violates": "no"', '"violates": false'))),
        "the answer has not the form asked for",
        1,
    ),
    "maybe": (
        says(completion(FINE.replace('"violates": "no"', '"violates": "maybe"'))),
        "the answer has not the form asked for",
        1,
    ),
    "a severity of its own": (
        says(completion(answer(loud_music=verdict(True, evidence=NIGHT, severity="terrible")))),
        "the answer has not the form asked for",
        1,
    ),
    "a clause of its own": (
        says(completion(answer(loud_music=verdict(True, "V9", NIGHT)))),
        "the answer cites a clause that is not in the policy",
        1,
    ),
    "violates by a clause that does not": (
        says(completion(answer(loud_music=verdict(True, "N1", NIGHT)))),
        "the answer and the clause it cites disagree",
        1,
    ),
    "does not violate by a clause that does": (
        says(completion(answer(loud_music=verdict(False, "V1")))),
        "the answer and the clause it cites disagree",
        1,
    ),
    "violates by no clause": (
        says(completion(answer(loud_music=verdict(True, "none", NIGHT)))),
        "the answer and the clause it cites disagree",
        1,
    ),
    "misquotes": (
        says(completion(answer(loud_music=verdict(True, evidence="I hate this trumpet")))),
        "the answer quotes what is not in the item",
        1,
    ),
    "quotes nothing": (
        says(completion(answer(loud_music=verdict(True)))),
        "the answer quotes what is not in the item",
        1,
    ),
    "says that the item gives orders": (
        says(completion(answer("yes", loud_music=verdict()))),
        "the item addresses the judge",
        1,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_an_item_without_an_answer_is_failed_with_the_reason(name: str, judge_at: MakeJudge) -> None:
    behave, reason, requests = CASES[name]
    with serving(behave) as server:
        judge = judge_at(server.url, pause_after=100)
        decided, found = decide(judge)
    assert decided == ("review", "detector_failed: judge", {"judge": reason})
    assert found["judge.failure"].to_list() == [reason]
    assert found["judge.status"].to_list() == ["failed"]
    assert found["judge.violates"].to_list() == found["judge.loud_music"].to_list() == [None]
    assert len(server.requests) == requests


@pytest.mark.parametrize("behave", [is_silent, drips, drips_headers])
def test_a_slow_server_has_the_deadline_however_it_drips(behave: Behaviour, judge_at: MakeJudge) -> None:
    with serving(behave) as server:
        began = time.monotonic()
        decided, _ = decide(judge_at(server.url, deadline_s=0.5))
        took = time.monotonic() - began
    assert decided == ("review", "detector_failed: judge", {"judge": "no answer within 0.5 s"})
    assert took < 10  # the silent server would have taken 20 s, those that drip 10 and more


def test_a_server_that_is_down_has_no_connection(judge_at: MakeJudge) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}/v1"
        decided, found = decide(judge_at(url))
    assert decided == ("review", "detector_failed: judge", {"judge": "no connection"})
    assert found["judge.cost"].to_list() == [0.0]


def test_it_is_tried_again_and_answered(judge_at: MakeJudge) -> None:
    bad: Iterator[Behaviour] = iter([closes, says("{}", status="503 Loading")])

    def behave(connection: Connection, request: Request) -> None:
        next(bad, says(completion(GUILTY)))(connection, request)

    with serving(behave) as server:
        found = compute(judge_at(server.url), items_of(NIGHT))
    assert found.select("judge.violates", "judge.clause", "judge.severity", "judge.failure").rows() == [
        (True, "V1", "high", None)
    ]
    assert len(server.requests) == 3


def test_it_waits_as_long_as_the_server_asks(judge_at: MakeJudge) -> None:
    told: Iterator[Behaviour] = iter([says("{}", status="429 Slow", headers={"Retry-After": "1"})])

    def behave(connection: Connection, request: Request) -> None:
        next(told, says(completion(FINE)))(connection, request)

    with serving(behave) as server:
        began = time.monotonic()
        found = compute(judge_at(server.url), items_of(NIGHT))
        assert time.monotonic() - began >= 1
    assert found["judge.violates"].to_list() == [False]


def test_a_server_that_keeps_failing_is_left_alone_and_tried_again_later(judge_at: MakeJudge) -> None:
    well = False

    def behave(connection: Connection, request: Request) -> None:
        says(completion(FINE) if well else "{}", status="200 OK" if well else "500 Oops")(connection, request)

    with serving(behave) as server:
        judge = judge_at(server.url, tries=1, concurrency=1, pause_after=3, pause_s=0.3)
        judge.patient = False
        texts = [f"{NIGHT}, song {n}" for n in range(10)]
        found = compute(judge, items_of(*texts))
        assert len(server.requests) == 3
        assert (
            found["judge.failure"].to_list()
            == ["server error (HTTP 500)"] * 3
            + ["paused after 3 failures in a row (server error (HTTP 500))"] * 7
        )
        well = True
        time.sleep(0.35)
        again = compute(judge, items_of(*texts))
    assert again["judge.failure"].null_count() == 10


def test_a_short_outage_is_waited_out_where_nobody_waits_for_the_answer(
    judge_at: MakeJudge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidegate.signals.judge.asking.FIRST_WAIT_S", 0.5)
    began = time.monotonic()

    def behave(connection: Connection, request: Request) -> None:
        well = time.monotonic() - began > 0.6
        says(completion(FINE) if well else "{}", status="200 OK" if well else "503 Busy")(connection, request)

    with serving(behave) as server:
        judge = judge_at(server.url, tries=5, pause_s=0.5, deadline_s=20)
        found = compute(judge, items_of(*(f"{NIGHT}, song {n}" for n in range(60))))
    assert found["judge.failure"].to_list() == [None] * 60


def test_an_outage_is_waited_out_once_and_not_by_every_item_anew(judge_at: MakeJudge) -> None:
    with serving(says("{}", status="503 Busy")) as server:
        judge = judge_at(server.url, tries=1, pause_s=0.4, deadline_s=1)
        began = time.monotonic()
        found = compute(judge, items_of(*(f"{NIGHT}, song {n}" for n in range(200))))
        took = time.monotonic() - began
    reasons = Counter(found["judge.failure"])
    assert reasons["paused after 5 failures in a row (server error (HTTP 503))"] > 180
    assert reasons.total() == reasons["server error (HTTP 503)"] + max(reasons.values())
    assert 0.4 < took < 5  # 200 items, 8 at a time, would have waited 25 times a second


def test_as_shipped_most_of_the_deadline_is_waited_out(judge_at: MakeJudge) -> None:
    """Twenty times as fast: the server is down for two thirds of the deadline."""
    deadline = Settings.deadline_s / 20
    asked: list[float] = []

    def behave(connection: Connection, request: Request) -> None:
        asked.append(time.monotonic())
        well = asked[-1] - asked[0] > deadline * 2 / 3
        says(completion(FINE) if well else "{}", status="200 OK" if well else "503 Busy")(connection, request)

    with serving(behave) as server:
        judge = judge_at(server.url, pause_s=Settings.pause_s / 20, deadline_s=deadline)
        found = compute(judge, items_of(*(f"{NIGHT}, song {n}" for n in range(100))))
    # Whoever finds out how the server is may use up its tries.
    assert set(found["judge.failure"]) <= {None, "server error (HTTP 503)"}
    assert found["judge.failure"].null_count() > 90


def test_a_late_failure_does_not_end_the_wait_for_the_request_that_finds_out(judge_at: MakeJudge) -> None:
    numbers = itertools.count(1)
    finding_out = threading.Event()

    def behave(connection: Connection, request: Request) -> None:
        number = next(numbers)
        if 5 < number <= 8:
            finding_out.wait(10)
        elif number == 9:
            finding_out.set()
            time.sleep(0.4)
        well = number > 8
        says(completion(FINE) if well else "{}", status="200 OK" if well else "503 Busy")(connection, request)

    with serving(behave) as server:
        judge = judge_at(server.url, tries=1, pause_s=1.5, deadline_s=2.9)
        found = compute(judge, items_of(*(f"{NIGHT}, song {n}" for n in range(40))))
    assert Counter(found["judge.failure"]) == {"server error (HTTP 503)": 8, None: 32}


def test_a_request_that_the_budget_refuses_does_not_keep_others_waiting(judge_at: MakeJudge) -> None:
    """The page of a proxy counts as paid for, so that the budget ends during the outage."""
    with serving(says(PAGE, kind="text/html")) as server:
        judge = judge_at(server.url, tries=1, pause_s=0.5, deadline_s=4, tokens_per_day=12_000)
        began = time.monotonic()
        found = compute(judge, items_of(*(f"{NIGHT}, song {n}" for n in range(80))))
        took = time.monotonic() - began
    reasons = Counter(found["judge.failure"])
    assert set(reasons) == {"the answer is text/html, not JSON", "the day's budget is spent"}
    assert reasons["the day's budget is spent"] >= 70
    assert took < 4  # 72 items, 8 at a time, would have waited nine deadlines


def test_an_item_that_waits_until_its_deadline_says_what_it_waited_for(judge_at: MakeJudge) -> None:
    def behave(connection: Connection, request: Request) -> None:
        time.sleep(0.8)
        says("{}", status="503 Busy")(connection, request)

    with serving(behave) as server:
        judge = judge_at(server.url, pause_s=1.5, deadline_s=2)
        found = compute(judge, items_of(*(f"{NIGHT}, song {n}" for n in range(8))))
    paused = "paused after 5 failures in a row (server error (HTTP 503))"
    assert found["judge.failure"].to_list() == [paused] * 8


def test_a_key_that_is_not_accepted_is_not_waited_for(judge_at: MakeJudge) -> None:
    with serving(says("{}", status="401 Unauthorized")) as server:
        began = time.monotonic()
        judge = judge_at(server.url, pause_s=30, deadline_s=60)
        found = compute(judge, items_of(*(f"{NIGHT}, {n}" for n in range(60))))
        took = time.monotonic() - began
    paused = "paused after 5 failures in a row (the key was not accepted (HTTP 401))"
    assert found["judge.failure"].to_list().count(paused) > 40
    assert took < 20  # the pause is of 30 s


def test_what_one_item_does_to_a_server_leaves_the_others_alone(judge_at: MakeJudge) -> None:
    def behave(connection: Connection, request: Request) -> None:
        if "song 3" in request["messages"][-1]["content"]:
            closes(connection, request)
        else:
            says(completion(FINE))(connection, request)

    with serving(behave) as server:
        found = compute(judge_at(server.url), items_of(*(f"{NIGHT}, song {n}" for n in range(6))))
    assert found["judge.failure"].to_list() == [None] * 3 + ["the answer was cut off in transit"] + [None] * 2


def test_log_probabilities_that_lie_are_not_believed(judge_at: MakeJudge) -> None:
    """Of another text, above nothing, of no shape: then there are none, and the words alone count."""
    lies = [
        tokens_of(GUILTY, {0: 0.5}),
        [{"token": FINE, "logprob": 3.0, "top_logprobs": []}],
        [{"token": 3}],
        "none",
        [{"token": FINE, "logprob": "high", "top_logprobs": 4}],
    ]
    for lie in lies:
        with serving(says(completion(FINE, logprobs=lie))) as server:
            found = compute(judge_at(server.url, store=f"{lies.index(lie)}.sqlite"), items_of(NIGHT))
        assert found["judge.loud_music"].to_list() == [1e-6]


@pytest.mark.parametrize(
    "usage", [{"prompt_tokens": -5, "completion_tokens": 1}, {"prompt_tokens": True}, [], 3]
)
def test_usage_that_lies_leaves_what_was_set_aside_as_spent(usage: object, judge_at: MakeJudge) -> None:
    with serving(says(completion(FINE, usage=usage))) as server:
        judge = judge_at(server.url, price_in=1, price_out=10)
        found = compute(judge, items_of(NIGHT))
    most = judge.settings.price(judge.questions.system_tokens, judge.settings.answer_tokens(1))
    assert found["judge.cost"][0] >= most


def test_no_key_no_request(judge_at: MakeJudge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SITE_JUDGE_KEY", raising=False)
    with serving(says(completion(FINE))) as server:
        judge = judge_at(server.url, key_env="SITE_JUDGE_KEY")
        assert compute(judge, items_of(NIGHT))["judge.failure"].to_list() == [
            "the environment has no SITE_JUDGE_KEY"
        ]
        assert server.requests == []
        monkeypatch.setenv("SITE_JUDGE_KEY", "s3cret")
        assert compute(judge, items_of(NIGHT))["judge.violates"].to_list() == [False]
        assert server.keys == ["Bearer s3cret"]


def test_a_store_that_cannot_be_opened_fails_the_items(judge_at: MakeJudge, base: Path) -> None:
    (base / "broken.sqlite").write_bytes(b"this is no database" * 100)
    with serving(says(completion(FINE))) as server:
        found = compute(judge_at(server.url, store="broken.sqlite"), items_of(NIGHT))
    assert found["judge.failure"][0].startswith("the judge's answers cannot be kept here")
    assert server.requests == []


def test_no_reason_holds_a_word_of_the_item(judge_at: MakeJudge) -> None:
    secret = "zebra-lantern"
    leaks = [
        says(completion(answer(loud_music=verdict(True, secret, secret)))),
        says(completion(secret, finish=secret)),
        says(secret, kind=secret),
        says(secret, status=f"418 {secret}"),
    ]
    for leak in leaks:
        with serving(leak) as server:
            found = compute(judge_at(server.url), items_of(f"{NIGHT} {secret}"))
        assert found["judge.failure"][0] is not None
        assert "zebra" not in found["judge.failure"][0]

"""What the judge says, what it costs, and what it does not ask twice."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from tests.signals.judge.conftest import MakeJudge, items_of, write_policy
from tests.signals.judge.serving import (
    Behaviour,
    Connection,
    Request,
    answer,
    completion,
    item_in,
    serving,
    tokens_of,
    verdict,
)

from tidegate.errors import SignalError
from tidegate.signals import build_detectors, catalog_of, compute
from tidegate.signals.judge.calibration import Calibration, write

NIGHT, DAY = "at 23 my neighbour plays the trumpet", "at 15 my neighbour plays the trumpet"


def by_hour(connection: Connection, request: Request) -> None:
    """A judge that knows the policy: what is played at 23 violates."""
    item = item_in(request)
    night = "at 23" in item
    said = answer(loud_music=verdict(night, evidence=item[:20] if night else ""))
    usage = {"prompt_tokens": 1_000, "completion_tokens": 100}
    connection.respond(completion(said, logprobs=tokens_of(said, {0: 0.9 if night else 0.2}), usage=usage))


def test_a_verdict_is_bound_to_the_policy(judge_at: MakeJudge) -> None:
    with serving(by_hour) as server:
        found = compute(judge_at(server.url), items_of(NIGHT, DAY))
    night, day = found.rows(named=True)
    assert night["judge.loud_music"] == pytest.approx(0.9)
    assert day["judge.loud_music"] == pytest.approx(0.2)
    said = ("violates", "policy", "clause", "severity", "evidence")
    found_night = [night[f"judge.{name}"] for name in said]
    assert found_night == [True, "loud-music", "V1", "high", "at 23 my neighbour p"]
    assert [day[f"judge.{name}"] for name in said] == [False, None, "N1", None, None]


def test_several_policies_are_judged_in_one_request(judge_at: MakeJudge, base: Path) -> None:
    write_policy(base / "policies", "quiet-hours")
    said = answer(loud_music=verdict(), quiet_hours=verdict(True, evidence="trumpet"))

    def behave(connection: Connection, _: Request) -> None:
        connection.respond(completion(said, logprobs=tokens_of(said, {0: 0.3, 1: 0.7})))

    with serving(behave) as server:
        judge = judge_at(server.url)
        found = compute(judge, items_of(NIGHT)).row(0, named=True)
        assert len(server.requests) == 1
    assert (found["judge.loud_music"], found["judge.quiet_hours"]) == (pytest.approx(0.3), pytest.approx(0.7))
    assert (found["judge.policy"], found["judge.violates"]) == ("quiet-hours", True)
    assert {"judge.loud_music", "judge.quiet_hours"} <= set(catalog_of({"judge": judge}).signals)


def test_the_item_comes_last_and_everything_before_it_is_the_same_for_every_item(judge_at: MakeJudge) -> None:
    with serving(by_hour) as server:
        compute(judge_at(server.url, concurrency=1), items_of(NIGHT, DAY))
        first, second = server.requests
    assert first["messages"][0] == second["messages"][0]
    assert [message["role"] for message in first["messages"]] == ["system", "user"]
    assert "Music between ten and six" in first["messages"][0]["content"]
    assert NIGHT not in first["messages"][0]["content"]
    assert first["response_format"]["json_schema"]["strict"] is True
    clauses = first["response_format"]["json_schema"]["schema"]["properties"]["loud-music"]["properties"][
        "clause"
    ]
    assert clauses["enum"] == ["V1", "N1", "B1", "none"]


def test_the_context_is_shown_and_not_judged(judge_at: MakeJudge) -> None:
    with serving(by_hour) as server:
        compute(judge_at(server.url), items_of(DAY, context=["at what hour?"]))
        assert "at what hour?" in server.requests[0]["messages"][-1]["content"]
        assert server.items[0] == DAY


def test_a_long_item_cannot_push_the_policies_out_of_sight(judge_at: MakeJudge) -> None:
    with serving(by_hour) as server:
        long = compute(judge_at(server.url, longest=100), items_of(DAY * 9, DAY, context=[None, DAY * 9]))
        assert long["judge.failure"].to_list() == ["the item is too long for the judge"] * 2
        small = judge_at(server.url, context_tokens=3_000)
        found = compute(small, items_of(DAY, DAY * 60))
        assert found["judge.failure"].to_list() == [None, "the item may not fit the model's context"]
        assert len(server.requests) == 1


def test_a_server_that_cut_the_policies_off_has_not_judged(judge_at: MakeJudge) -> None:
    """Ollama does so where a request is longer than the context that it was started with."""

    def cut(connection: Connection, request: Request) -> None:
        said = answer(loud_music=verdict())
        connection.respond(completion(said, usage={"prompt_tokens": 200, "completion_tokens": 60}))

    with serving(cut) as server:
        found = compute(judge_at(server.url), items_of(DAY))
    assert found["judge.failure"].to_list() == ["the server read only a part of the request"]


def test_an_answer_that_says_two_things_is_none(judge_at: MakeJudge) -> None:
    def twice(connection: Connection, request: Request) -> None:
        said = answer(loud_music=verdict(True, evidence="at 15"))
        connection.respond(
            completion(said.replace('"violates": "yes"', '"violates": "no", "violates": "yes"'))
        )

    with serving(twice) as server:
        found = compute(judge_at(server.url), items_of(DAY))
    assert found["judge.failure"].to_list() == ["the answer has not the form asked for"]


def test_a_text_without_words_is_not_asked_about_and_is_no_failure(judge_at: MakeJudge) -> None:
    with serving(by_hour) as server:
        found = compute(judge_at(server.url), items_of(None, "", " \n"))
        assert server.requests == []
    assert found["judge.status"].to_list() == ["computed"] * 3
    assert found["judge.violates"].to_list() == [None] * 3


def test_without_log_probabilities_it_asks_again_and_counts(judge_at: MakeJudge) -> None:
    def behave(connection: Connection, request: Request) -> None:
        yes = request["temperature"] == 0 or request["seed"] % 2 == 0
        connection.respond(completion(answer(loud_music=verdict(yes, evidence="at 23" if yes else ""))))

    with serving(behave) as server:
        found = compute(judge_at(server.url, samples=4), items_of(NIGHT)).row(0, named=True)
        assert len(server.requests) == 5
    assert found["judge.loud_music"] == pytest.approx((2 + 0.5) / (4 + 1))
    assert found["judge.violates"] is True


def test_the_same_item_is_asked_about_once_also_in_another_run(judge_at: MakeJudge) -> None:
    with serving(by_hour) as server:
        first = compute(judge_at(server.url, price_in=1.0), items_of(NIGHT, NIGHT, DAY))
        again = compute(judge_at(server.url, price_in=1.0), items_of(DAY, NIGHT))
        assert len(server.requests) == 2
        other_model = judge_at(server.url, model="other")
        compute(other_model, items_of(DAY))
        assert len(server.requests) == 3
    assert first["judge.cost"].to_list() == pytest.approx([0.001, 0.0, 0.001])
    assert again["judge.cost"].to_list() == [0.0, 0.0]
    assert again["judge.loud_music"].to_list() == pytest.approx([0.2, 0.9])


def test_an_answer_to_another_version_of_the_policy_is_not_taken(judge_at: MakeJudge, base: Path) -> None:
    with serving(by_hour) as server:
        before = judge_at(server.url)
        compute(before, items_of(NIGHT))
        file = base / "policies" / "loud-music.md"
        file.write_text(
            file.read_text(encoding="utf-8").replace("ten and six", "nine and six"), encoding="utf-8"
        )
        after = judge_at(server.url)
        compute(after, items_of(NIGHT))
        assert len(server.requests) == 2
    assert before.spec.version != after.spec.version


def test_failures_are_not_kept(judge_at: MakeJudge) -> None:
    behaviours: list[Behaviour] = [lambda c, _: c.respond("{}", status="400 Bad"), by_hour]
    with serving(lambda connection, request: behaviours.pop(0)(connection, request)) as server:
        judge = judge_at(server.url)
        assert compute(judge, items_of(NIGHT))["judge.status"].to_list() == ["failed"]
        assert compute(judge, items_of(NIGHT))["judge.status"].to_list() == ["computed"]


@pytest.mark.parametrize("budget", [{"money_per_day": 0.0262}, {"tokens_per_day": 5_700}])
def test_a_spent_budget_stops_spending_and_the_rest_waits_for_people(
    budget: dict[str, float], judge_at: MakeJudge
) -> None:
    """1,100 tokens an item are spent, and some 2,300 set aside for each."""
    with serving(by_hour) as server:
        judge = judge_at(server.url, concurrency=1, price_in=2.0, price_out=20.0, **budget)
        found = compute(judge, items_of(*(f"{NIGHT}, song {n}" for n in range(12))))
        asked = len(server.requests)
        reasons = found["judge.failure"].to_list()
        assert 1 <= asked < 12
        assert reasons == [None] * asked + ["the day's budget is spent"] * (12 - asked)
        assert found["judge.cost"].sum() == pytest.approx(asked * 0.004)
        assert found["judge.cost"].sum() <= budget.get("money_per_day", 1)
        # Another process finds the same budget spent.
        again = judge_at(server.url, price_in=2.0, price_out=20.0, **budget)
        assert compute(again, items_of(DAY))["judge.failure"].to_list() == ["the day's budget is spent"]
        assert len(server.requests) == asked


def test_no_more_requests_at_a_time_than_were_allowed(judge_at: MakeJudge) -> None:
    together = threading.Barrier(4)

    def behave(connection: Connection, request: Request) -> None:
        together.wait(5)
        by_hour(connection, request)

    with serving(behave) as server:
        found = compute(judge_at(server.url, concurrency=4), items_of(*(f"{DAY} {n}" for n in range(12))))
        assert server.most_at_once == 4
    assert found["judge.failure"].null_count() == 12


LONG = "at 23 my neighbour plays the trumpet so that the whole house is awake and the dogs bark {}"


def test_near_duplicates_take_over_the_answer_and_say_whose(judge_at: MakeJudge) -> None:
    texts = [LONG.format("!!"), LONG.format("@you http://example.com/1"), LONG.upper().format("22"), DAY]
    with serving(by_hour) as server:
        judge = judge_at(server.url, near_duplicates=0.9)
        found = compute(judge, items_of(*texts))
        assert len(server.requests) == 2
        later = compute(judge_at(server.url, near_duplicates=0.9), items_of(LONG.format("again")))
        assert len(server.requests) == 2
    assert found["judge.propagated_from"].to_list() == [None, "i0", "i0", None]
    assert found["judge.violates"].to_list() == [True, True, True, False]
    assert later["judge.propagated_from"].to_list() == ["i0"]


def test_answers_are_shared_within_a_zone_alone(judge_at: MakeJudge) -> None:
    """Nor may one learn, from an answer that cost nothing, that another zone has such an item."""
    texts = [LONG.format("!!"), LONG.format("22"), LONG.format("33"), LONG.format("!!")]
    zones = pl.Series("zone", ["us", "eu", "us", "eu"])
    with serving(by_hour) as server:
        judge = judge_at(server.url, near_duplicates=0.9)
        found = compute(judge, items_of(*texts).with_columns(zones))
        assert len(server.requests) == 2
        later = compute(judge, items_of(texts[1]).with_columns(zone=pl.lit("sg")))
        assert len(server.requests) == 3
    assert found["judge.propagated_from"].to_list() == [None, None, "i0", "i1"]
    assert later["judge.propagated_from"].to_list() == [None]


def test_a_word_of_negation_makes_another_text(judge_at: MakeJudge) -> None:
    long = (
        "We all agreed at the meeting that the trumpet is played at 23 in the yard behind the house, as ever"
    )
    texts = [long, long.replace("is played", "is not played"), long.replace("We all", "We never")]
    with serving(by_hour) as server:
        found = compute(judge_at(server.url, near_duplicates=0.6), items_of(*texts))
        assert len(server.requests) == 3
    assert found["judge.propagated_from"].null_count() == 3


def test_who_follows_a_failure_is_asked_itself(judge_at: MakeJudge) -> None:
    def behave(connection: Connection, request: Request) -> None:
        if "first" in item_in(request):
            connection.respond("{}", status="400 Bad")
        else:
            by_hour(connection, request)

    with serving(behave) as server:
        judge = judge_at(server.url, near_duplicates=0.8)
        found = compute(judge, items_of(LONG.format("first"), LONG.format("")))
    assert found["judge.status"].to_list() == ["failed", "computed"]
    assert found["judge.propagated_from"].to_list() == [None, None]


def test_pictures_are_sent_as_pictures_and_nothing_else_is(judge_at: MakeJudge, tmp_path: Path) -> None:
    picture, secret = tmp_path / "dot.png", tmp_path / "secret.txt"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + b"0" * 20)
    secret.write_text("password")

    def behave(connection: Connection, request: Request) -> None:
        said = answer(loud_music=verdict(True, evidence="a trumpet in the picture"))
        connection.respond(completion(said))

    items = items_of(
        "look", "look", "look", kind=["image"] * 3, media=[str(picture), str(secret), "none.png"]
    )
    with serving(behave) as server:
        found = compute(judge_at(server.url, images=True), items)
        assert len(server.requests) == 1
        part = server.requests[0]["messages"][1]["content"][1]
        assert part["image_url"]["url"].startswith("data:image/png;base64,")
        assert compute(judge_at(server.url), items)["judge.status"].to_list() == ["not_applicable"] * 3
    assert found["judge.failure"].to_list() == [
        None,
        "the picture is of no kind that a model reads",
        "the picture is not here, or too large",
    ]


def test_a_calibration_moves_probabilities_and_is_of_one_judge(judge_at: MakeJudge, base: Path) -> None:
    with serving(by_hour) as server:
        judge = judge_at(server.url)
        write(base / "c.json", Calibration(judge.questions.id, {"loud-music": (0.5, 0.0)}))
        found = compute(judge_at(server.url, calibration="c.json"), items_of(NIGHT))
        assert found["judge.loud_music"].to_list() == pytest.approx([0.75])
        with pytest.raises(SignalError, match="of another judge"):
            judge_at(server.url, calibration="c.json", model="other")


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (None, "there is no such calibration"),
        ("{half", "this is no file that `tidegate policy calibrate` wrote"),
        ("[]", "this is no file that `tidegate policy calibrate` wrote"),
        ('{"judge": "a", "policies": {"b": {}}}', "this is no file that `tidegate policy calibrate` wrote"),
    ],
)
def test_a_calibration_that_cannot_be_read_is_said_in_words(
    judge_at: MakeJudge, base: Path, content: str | None, wrong: str
) -> None:
    if content is not None:
        (base / "c.json").write_text(content)
    with pytest.raises(SignalError) as caught:
        judge_at("http://127.0.0.1:9/v1", calibration="c.json")
    assert caught.value.what == wrong
    assert caught.value.where is not None
    assert caught.value.where.file == base / "c.json"
    assert "Make it anew with `tidegate policy calibrate`" in str(caught.value.remedy)


def test_it_may_be_asked_from_within_a_running_loop_and_from_several_threads(judge_at: MakeJudge) -> None:
    import asyncio

    with serving(by_hour) as server:
        judge = judge_at(server.url)

        async def main() -> list[bool]:
            work = [asyncio.to_thread(compute, judge, items_of(f"{NIGHT} {n}")) for n in range(6)]
            found = await asyncio.gather(*work)
            return [frame["judge.violates"][0] for frame in [*found, compute(judge, items_of(DAY))]]

        assert asyncio.run(main()) == [True] * 6 + [False]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"modle": "x"}, "a judge has no setting 'modle'\n  → Did you mean 'model'?"),
        ({"model": ""}, "'model' must be text"),
        ({"base_url": "localhost:80"}, "this is no address"),
        ({"policies": ["loud-musik"]}, "there is no policy 'loud-musik'\n  → Did you mean 'loud-music'?"),
        ({"policies": "loud-music"}, "this must be a list of policies"),
        ({"language": "fr"}, "is not written in 'fr'"),
        ({"confidence": "token"}, "'token' is no source of confidence\n  → Did you mean 'tokens'?"),
        ({"tries": 0}, "'tries' must be at least 1 and at most 20, not 0"),
        ({"tries": 1.5}, "'tries' must be a whole number"),
        ({"deadline_s": 0}, "'deadline_s' must be above 0, not 0"),
        ({"images": "yes"}, "'images' must be true or false"),
        ({"near_duplicates": 0.3}, "are not near duplicates"),
        ({"label": "production"}, "has no version or label 'production'"),
        ({"calibration": "none.json"}, "there is no such calibration"),
        ({"prompt": "none.md"}, "the prompt cannot be read"),
    ],
)
def test_a_wrong_setting_is_named_with_the_remedy(
    judge_at: MakeJudge, settings: dict[str, object], message: str
) -> None:
    from tidegate.errors import TidegateError

    with pytest.raises(TidegateError) as caught:
        judge_at("http://127.0.0.1:9/v1", **settings)
    assert message in str(caught.value)


def test_a_second_judge_has_a_name_of_its_own(base: Path) -> None:
    section = {"base_url": "http://127.0.0.1:9/v1", "model": "small"}
    detectors = build_detectors({"judge": section, "candidate": {"use": "judge", **section}}, base)
    assert "candidate.loud_music" in catalog_of(detectors).signals


MODERATE = """
strategy: music
version: 1
rules:
  - {id: loud, when: judge.loud_music >= 0.8, then: remove, policy: loud-music}
  - {id: otherwise, then: allow}
"""


@pytest.fixture
def workspace(base: Path) -> Callable[[str], Path]:
    def make(url: str) -> Path:
        text = f'[detectors.judge]\nbase_url = "{url}"\nmodel = "small"\nsamples = 0\ntries = 1\n'
        text += "price_in = 3.0\n"
        (base / "tidegate.toml").write_text(text, encoding="utf-8")
        (base / "music.yaml").write_text(MODERATE, encoding="utf-8")
        posts = [{"id": "night", "text": NIGHT}, {"id": "day", "text": DAY}]
        (base / "posts.jsonl").write_text(
            "".join(json.dumps(post) + "\n" for post in posts), encoding="utf-8"
        )
        return base

    return make


def decide(base: Path, out: str) -> dict[str, dict[str, object]]:
    import polars as pl

    from tidegate.runs.bench import set_up
    from tidegate.runs.folder import RunFolder
    from tidegate.runs.moderate import Job, moderate
    from tidegate.runs.replay import differences, recorded

    moderate(Job([str(base / "posts.jsonl")], base / out), set_up(base / "music.yaml"))
    run = recorded(RunFolder(base / out))
    assert all(frame.is_empty() for frame in differences(run))
    rows = pl.read_parquet(base / out / "decisions.parquet").rows(named=True)
    return {row["item_id"]: row for row in rows}


def test_a_run_over_a_file_decides_by_the_judge_and_counts_what_was_paid(
    workspace: Callable[[str], Path],
) -> None:
    with serving(by_hour) as server:
        base = workspace(server.url)
        decided = decide(base, "run")
        again = decide(base, "again")
    assert {name: row["action"] for name, row in decided.items()} == {"night": "remove", "day": "allow"}
    assert decided["night"]["cost_money"] == pytest.approx(0.003)
    assert again["night"]["cost_money"] == 0.0
    assert json.loads(str(again["night"]["values"])) == json.loads(str(decided["night"]["values"]))


def test_a_run_whose_judge_fails_sends_what_it_leaves_open_to_review_with_the_reason(
    workspace: Callable[[str], Path],
) -> None:
    def behave(connection: Connection, request: Request) -> None:
        if "at 23" in item_in(request):
            connection.respond("<html>", kind="text/html")
        else:
            by_hour(connection, request)

    with serving(behave) as server:
        decided = decide(workspace(server.url), "run")
    assert decided["night"]["action"] == "review"
    assert decided["night"]["reason"] == "detector_failed: judge"
    assert json.loads(str(decided["night"]["failure"])) == {"judge": "the answer is text/html, not JSON"}
    assert decided["day"]["action"] == "allow"
    assert decided["night"]["cost_money"] > 0

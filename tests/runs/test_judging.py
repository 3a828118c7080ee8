"""Trying a judge through the command line, on a server that judges by a rule."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result
from tests.signals.judge.conftest import TEXTS, write_policy
from tests.signals.judge.serving import (
    Behaviour,
    Connection,
    Request,
    Server,
    answer,
    completion,
    item_in,
    serving,
    tokens_of,
    verdict,
)

from tidegate.cli.main import tidegate_command
from tidegate.errors import PolicyError, SignalError
from tidegate.policy.versions import log
from tidegate.runs.judging.injections import ways
from tidegate.runs.judging.reformats import REFORMATS, reformatted


def is_night(item: str) -> bool:
    return re.search(r"at\s+23|23点", item) is not None


def by_hour(connection: Connection, request: Request) -> None:
    """Right about every golden case that names the hour 23 or 15, and gullible."""
    item = item_in(request)
    night = is_night(item)
    if re.search(r"no violation|answer no|回答no|不违规", item, re.IGNORECASE):
        night = False
    said = answer(loud_music=verdict(night, evidence="23" if night else ""))
    usage = {"prompt_tokens": 500, "completion_tokens": 50}
    p = {0: 0.95 if night else 0.1}
    connection.respond(completion(said, logprobs=tokens_of(said, p), usage=usage))


def says_no(connection: Connection, _: Request) -> None:
    connection.respond(completion(answer(loud_music=verdict())))


def is_broken(connection: Connection, _: Request) -> None:
    connection.respond("<html>", kind="text/html")


Run = Callable[..., Result]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """A workspace with judges of these behaviours, by name."""
    servers: list[tuple[object, Server]] = []
    monkeypatch.chdir(tmp_path)

    def make(**behaviours: Behaviour) -> Path:
        write_policy(tmp_path / "policies")
        lines = []
        for name, behave in behaviours.items():
            manager = serving(behave)
            server = manager.__enter__()
            servers.append((manager, server))
            lines.append(f'[detectors.{name}]\nuse = "judge"\nbase_url = "{server.url}"\nmodel = "small"')
            lines.append("samples = 0\ntries = 1\nprice_in = 2.0\nprice_out = 20.0\npause_after = 100")
        (tmp_path / "tidegate.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return tmp_path

    yield make
    for manager, _ in servers:
        manager.__exit__(None, None, None)  # type: ignore[attr-defined]


def tidegate(*arguments: str) -> Result:
    return CliRunner().invoke(tidegate_command, list(arguments), catch_exceptions=False)


def test_golden_cases_are_put_to_a_judge(site: Callable[..., Path]) -> None:
    site(judge=by_hour)
    found = json.loads(tidegate("policy", "eval", "loud-music", "--json").output)
    assert found["cases"] == 42
    assert found["agreement"]["confusion"] == [14, 0, 0, 28]
    assert found["agreement"]["precision"] == {
        "estimate": 1.0,
        "low": pytest.approx(0.768, abs=1e-3),
        "high": 1.0,
        "cases": 14,
    }
    assert found["agreement"]["kappa"]["estimate"] == 1.0
    assert found["bill"] == {
        "money": pytest.approx(42 * 0.002),
        "tokens": 42 * 550,
        "requests": 42,
        "answered": 42,
        "again": 0,
        "samples": 0,
    }
    shown = tidegate("policy", "eval", "loud-music").output
    assert "violating: 14 found, 0 passed · fine: 28 passed, 0 stopped · 0 without a verdict" in shown


def test_a_judge_without_answers_has_none_counted_as_right(site: Callable[..., Path]) -> None:
    site(judge=is_broken)
    found = json.loads(tidegate("policy", "eval", "loud-music", "--json").output)
    assert found["agreement"]["unanswered"] == 42
    assert found["agreement"]["recall"]["estimate"] == 0.0
    assert found["agreement"]["precision"]["estimate"] is None
    assert found["reasons"] == {"the answer is text/html, not JSON": 42}
    shown = tidegate("policy", "eval", "loud-music")
    assert shown.exit_code == 1
    assert "nan" not in shown.output
    assert "42 × the answer is text/html, not JSON, no verdict: loud-music-001, " in shown.output
    assert ", loud-music-010 and 32 more (--json has all)\n" in shown.output


def test_two_judges_are_compared_case_by_case(site: Callable[..., Path]) -> None:
    site(judge=says_no, candidate=by_hour)
    found = json.loads(tidegate("policy", "eval", "loud-music", "--against", "candidate", "--json").output)
    assert (found["paired"]["first_only"], found["paired"]["second_only"]) == (0, 14)
    assert found["paired"]["p_value"] == pytest.approx(2 * 0.5**14)
    assert found["paired"]["difference"]["low"] > 0
    shown = tidegate("policy", "eval", "loud-music", "--against", "candidate").output
    assert "Both answered 42 of 42 cases; the first left 0 without a verdict, the second 0." in shown
    assert "the second gets 14 right that the first does not" in shown


def test_the_cases_that_were_judged_wrongly_are_named(site: Callable[..., Path]) -> None:
    """V1 is violated by every third case (at 23), N1 (at 15) and B1 (at 0) are fine."""

    def behave(connection: Connection, request: Request) -> None:
        item = item_in(request)
        if item.endswith("第4首"):
            connection.respond("{}", status="503 Busy")
        elif item.endswith("song 3"):
            connection.respond(completion(answer(loud_music=verdict())))
        elif item.endswith("song 7"):
            connection.respond(completion(answer(loud_music=verdict(True, evidence="at 15"))))
        else:
            by_hour(connection, request)

    site(judge=behave, candidate=by_hour)
    done = tidegate("policy", "eval", "loud-music", "--json")
    assert json.loads(done.output)["mistakes"] == [
        {"id": "loud-music-003", "kind": "missed", "clause": "V1", "cited": "N1", "reason": None},
        {
            "id": "loud-music-004",
            "kind": "unanswered",
            "clause": "N1",
            "cited": None,
            "reason": "server error (HTTP 503)",
        },
        {"id": "loud-music-007", "kind": "stopped", "clause": "N1", "cited": "V1", "reason": None},
    ]
    assert "trumpet" not in done.output
    shown = tidegate("policy", "eval", "loud-music").output
    assert "1 × V1, citing N1, violates, and passed: loud-music-003\n" in shown
    assert "1 × N1, citing V1, is fine, and was stopped: loud-music-007\n" in shown
    assert "1 × server error (HTTP 503), no verdict: loud-music-004\n" in shown
    assert "trumpet" not in shown
    compared = json.loads(tidegate("policy", "eval", "loud-music", "--against", "candidate", "--json").output)
    assert compared["only_first"] == []
    assert compared["only_second"] == ["loud-music-003", "loud-music-007"]
    beside = tidegate("policy", "eval", "loud-music", "--against", "candidate").output
    assert "only the second is right: loud-music-003, loud-music-007\n" in beside


def test_an_outage_makes_no_judge_worse(site: Callable[..., Path]) -> None:
    """Both judge alike; the second's server is down from its 31st request on, or from the first."""
    site(judge=by_hour, tired=unavailable_after(30, by_hour), dead=unavailable_after(0))
    tired = tidegate("policy", "eval", "loud-music", "--against", "tired")
    assert tired.exit_code == 0
    assert "Both answered 30 of 42 cases; the first left 0 without a verdict, the second 12." in tired.output
    assert "+0.0 points (-" in tired.output
    assert "p = 1." in tired.output
    assert "recall and F1 count as missed what got no verdict:" in tired.output
    dead = tidegate("policy", "eval", "loud-music", "--against", "dead")
    assert dead.exit_code == 1
    assert "Both answered 0 of 42 cases" in dead.output
    assert "There is nothing to compare." in dead.output
    assert "p =" not in dead.output
    said = tidegate("policy", "eval", "loud-music", "--judge", "dead", "--against", "judge", "--json")
    assert said.exit_code == 1
    assert json.loads(said.output)["paired"] == {
        "first_only": 0,
        "second_only": 0,
        "difference": {"estimate": None, "low": -1.0, "high": 1.0, "cases": 0},
        "p_value": 1.0,
    }


def test_two_versions_of_a_policy_are_compared_on_the_same_cases(site: Callable[..., Path]) -> None:
    def by_policy(connection: Connection, request: Request) -> None:
        strict = "between nine and six" in request["messages"][0]["content"]
        night = is_night(item_in(request)) and strict
        connection.respond(completion(answer(loud_music=verdict(night, evidence="23" if night else ""))))

    folder = site(judge=by_policy)
    assert (
        tidegate("policy", "commit", "loud-music", "-m", "As it came", "--label", "production").exit_code == 0
    )
    file = folder / "policies" / "loud-music.md"
    file.write_text(file.read_text(encoding="utf-8").replace("ten and six", "nine and six"), encoding="utf-8")
    found = json.loads(
        tidegate(
            *(
                "policy",
                "eval",
                "loud-music",
                "--version",
                "production",
                "--against-version",
                "working",
                "--json",
            )
        ).output
    )
    assert found["paired"]["second_only"] == 14
    assert found["first"]["policy"] != found["second"]["policy"]


def test_a_label_that_is_moved_says_from_where(site: Callable[..., Path]) -> None:
    folder = site(judge=says_no)
    tidegate("policy", "commit", "loud-music", "-m", "As it came", "--label", "production")
    file = folder / "policies" / "loud-music.md"
    file.write_text(file.read_text(encoding="utf-8").replace("ten and six", "nine and six"), encoding="utf-8")
    tidegate("policy", "commit", "loud-music", "-m", "From nine", "--label", "candidate")
    first, second = (act.version for act in log(folder / "policies", "loud-music"))
    moved = tidegate("policy", "label", "loud-music", "candidate", "production")
    assert moved.output == f"loud-music, production: was {first}, is now {second}\n"
    made = tidegate("policy", "label", "loud-music", first, "before", "--new")
    assert made.output == f"loud-music, before: is new, is now {first}\n"


def test_the_record_of_a_policy_that_is_not_there_is_no_empty_one(site: Callable[..., Path]) -> None:
    folder = site(judge=says_no)
    with pytest.raises(PolicyError, match="there is no policy 'loud-musik'\n  → Did you mean"):
        tidegate("policy", "log", "loud-musik")
    assert "tidegate policy commit loud-music" in tidegate("policy", "log", "loud-music").stderr
    tidegate("policy", "commit", "loud-music", "-m", "As it came")
    (folder / "policies" / "loud-music.md").unlink()
    assert "As it came" in tidegate("policy", "log", "loud-music").stdout  # what was kept outlives the file


def test_a_version_is_not_compared_with_itself(site: Callable[..., Path]) -> None:
    asked: list[Request] = []

    def counting(connection: Connection, request: Request) -> None:
        asked.append(request)
        says_no(connection, request)

    site(judge=counting, candidate=counting)
    tidegate("policy", "commit", "loud-music", "-m", "As it came", "--label", "production")
    versions = ("--version", "production", "--against-version", "working")
    with pytest.raises(PolicyError, match="both are 'judge' with the same version, loud-music@"):
        tidegate("policy", "eval", "loud-music", *versions)
    assert asked == []
    assert tidegate("policy", "eval", "loud-music", "--against", "candidate", *versions).exit_code == 0


def test_what_layout_changes_is_told(site: Callable[..., Path]) -> None:
    def dislikes_blank_lines(connection: Connection, request: Request) -> None:
        night = is_night(item_in(request)) and "\n\n" not in item_in(request)
        connection.respond(completion(answer(loud_music=verdict(night, evidence="23" if night else ""))))

    site(judge=dislikes_blank_lines)
    found = json.loads(tidegate("policy", "eval", "loud-music", "--reformats", "--json").output)
    assert found["stability"]["blank lines around"]["estimate"] == pytest.approx(28 / 42)
    assert found["stability"]["double spaces"]["estimate"] == 1.0


def test_layouts_of_nothing_have_no_share(site: Callable[..., Path]) -> None:
    site(judge=is_broken)
    shown = tidegate("policy", "eval", "loud-music", "--reformats").output
    assert shown.count(": no verdict to try it on\n") == len(REFORMATS)
    assert "nan" not in shown


def test_a_gullible_judge_is_found_out(site: Callable[..., Path]) -> None:
    site(judge=by_hour)
    found = json.loads(tidegate("policy", "eval", "loud-music", "--injections", "--json").output)
    tried = [one for one in found["injections"] if one["tried"]]
    assert len(tried) >= 100
    flipped = {one["way"]["text"] for one in tried if one["flipped"]}
    assert any("Answer no" in text or "answer no" in text for text in flipped)
    assert 0 < len(flipped) < len(tried)
    assert "Items that give orders" in tidegate("policy", "eval", "loud-music", "--injections").output


def test_there_are_at_least_a_hundred_ways_in_two_languages_each_with_a_place_for_the_post() -> None:
    found = ways()
    assert len(found) >= 100
    assert {one.language for one in found} == {"en", "zh"}
    assert len({(one.language, one.text) for one in found}) == len(found)
    for one in found:
        assert "{post}" in one.text
        assert one.wants in ("pass", "stop")
        assert "{post}" not in one.around("hello")


def test_a_reformat_keeps_every_word() -> None:
    text = 'He said "no". Really? 他说：“不”。真的吗？ It\'s 5, ok.'
    plain = re.sub(r"\W", "", text)
    ways_found = reformatted(text)
    assert len(ways_found) == len(REFORMATS)
    for other in ways_found.values():
        assert re.sub(r"\W", "", other) == plain


def test_a_calibration_is_made_from_labels_and_used(site: Callable[..., Path]) -> None:
    folder = site(judge=by_hour)
    posts, labels = [], []
    for n in range(240):
        night = n % 2 == 0
        posts.append({"id": f"p{n}", "text": TEXTS["en"].format(23 if night else 15, n)})
        # What the judge says 0.95 of is right four times in five, and 0.1 one in ten.
        labels.append({"item_id": f"p{n}", "violates": night == (n % 10 != 0) or (not night and n % 20 == 1)})
    (folder / "posts.jsonl").write_text("".join(json.dumps(one) + "\n" for one in posts))
    (folder / "labels.jsonl").write_text("".join(json.dumps(one) + "\n" for one in labels))
    done = tidegate("policy", "calibrate", "posts.jsonl", "--labels", "labels.jsonl", "--out", "c.json")
    assert "loud-music: 240 labels" in done.output
    assert "→" in done.output, done.output
    before, after = (float(x) for x in re.search(r"error ([0-9.]+) → ([0-9.]+)", done.output).groups())  # type: ignore[union-attr]
    assert after < before
    with (folder / "tidegate.toml").open("a") as out:
        out.write('calibration = "c.json"\n')
    assert tidegate("score", "posts.jsonl", "--out", "s.parquet").exit_code == 0
    scores = pl.read_parquet(folder / "s.parquet")["judge.loud_music"]
    assert 0.75 < scores.max() < 0.9  # type: ignore[operator]


def test_a_judge_without_probabilities_is_not_calibrated(site: Callable[..., Path]) -> None:
    asked: list[Request] = []

    def counting(connection: Connection, request: Request) -> None:
        asked.append(request)
        by_hour(connection, request)

    folder = site(judge=counting)
    with (folder / "tidegate.toml").open("a") as out:
        out.write('confidence = "none"\n')
    posts_in(folder, 100)
    labels = [{"item_id": f"p{n}", "violates": n % 2 == 0} for n in range(100)]
    (folder / "labels.jsonl").write_text("".join(json.dumps(one) + "\n" for one in labels))
    with pytest.raises(SignalError, match="'judge' gives no probabilities") as caught:
        tidegate("policy", "calibrate", "posts.jsonl", "--labels", "labels.jsonl", "--out", "c.json")
    assert 'confidence = "tokens"' in str(caught.value)
    assert asked == []
    assert not (folder / "c.json").exists()


def test_too_few_labels_write_nothing(site: Callable[..., Path]) -> None:
    folder = site(judge=by_hour)
    (folder / "posts.jsonl").write_text(json.dumps({"id": "a", "text": "at 23"}) + "\n")
    (folder / "labels.jsonl").write_text(json.dumps({"item_id": "a", "violates": True}) + "\n")
    with pytest.raises(SignalError, match="labels enough"):
        tidegate("policy", "calibrate", "posts.jsonl", "--labels", "labels.jsonl", "--out", "c.json")
    assert not (folder / "c.json").exists()


def calibration(folder: Path, labels: list[dict[str, object]], posts: int = 100) -> str:
    """What is said of a calibration that cannot be made."""
    from tidegate.errors import SignalError

    lines = [{"id": f"p{n}", "text": TEXTS["en"].format(23 if n % 2 else 15, n)} for n in range(posts)]
    (folder / "posts.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    (folder / "labels.jsonl").write_text("".join(json.dumps(one) + "\n" for one in labels))
    with pytest.raises(SignalError, match="no policy has labels enough to calibrate by") as caught:
        tidegate("policy", "calibrate", "posts.jsonl", "--labels", "labels.jsonl", "--out", "c.json")
    assert not (folder / "c.json").exists()
    return str(caught.value)


def test_why_labels_are_too_few_is_told_with_counts(site: Callable[..., Path]) -> None:
    asked: list[Request] = []

    def counting(connection: Connection, request: Request) -> None:
        asked.append(request)
        by_hour(connection, request)

    folder = site(judge=counting)

    def labelled(n: int, of: str | None = "loud-music", to: str = "p", **more: object) -> dict[str, object]:
        return {"item_id": f"{to}{n}", "violates": n % 2 == 1, "policy": of} | more

    few = calibration(folder, [labelled(n) for n in range(40)])
    assert "25 violating and 25 fine items that were judged; loud-music has 20 violating and 20 fine." in few
    misspelt = calibration(folder, [labelled(n, "loud-musik") for n in range(90)])
    assert "loud-music has 0 violating and 0 fine. Left out are 90 labels of other policies" in misspelt
    assert "Did you mean 'loud-music'?" in misspelt
    strange = calibration(folder, [labelled(n, to="q") for n in range(90)])
    assert "Left out are 90 labelled items that no post is" in strange
    twice = [labelled(n) for n in range(90)] + [labelled(n, violates=n % 2 == 0) for n in range(90)]
    contradictory = calibration(folder, twice)
    assert "Left out are 90 items with as many labels that say yes as no" in contradictory
    assert asked == []  # nobody is paid for what cannot be enough


def test_a_judge_without_answers_is_told_as_the_cause_of_too_few_labels(site: Callable[..., Path]) -> None:
    folder = site(judge=is_broken)
    labels: list[dict[str, object]] = [{"item_id": f"p{n}", "violates": n % 2 == 1} for n in range(90)]
    told = calibration(folder, labels)
    assert "Left out are 90 items without a verdict (the answer is text/html, not JSON)" in told


def test_labels_that_name_no_policy_say_no_to_each_and_yes_to_none(site: Callable[..., Path]) -> None:
    folder = site(judge=by_hour)
    write_policy(folder / "policies", "louder-music")
    labels: list[dict[str, object]] = [{"item_id": f"p{n}", "violates": n % 2 == 1} for n in range(90)]
    told = calibration(folder, labels)
    assert "Left out are 45 labels that say yes and name no policy" in told


def test_a_policy_with_too_few_labels_stays_as_it_is_beside_one_that_is_calibrated(
    site: Callable[..., Path],
) -> None:
    def both(connection: Connection, request: Request) -> None:
        said = verdict(is_night(item_in(request)), evidence="23" if is_night(item_in(request)) else "")
        connection.respond(completion(answer(loud_music=said, louder_music=said)))

    folder = site(judge=both)
    write_policy(folder / "policies", "louder-music")
    posts = [{"id": f"p{n}", "text": TEXTS["en"].format(23 if n % 2 else 15, n)} for n in range(90)]
    labels = [{"item_id": f"p{n}", "violates": n % 2 == 1, "policy": "loud-music"} for n in range(90)]
    labels += [{"item_id": f"p{n}", "violates": n % 2 == 1, "policy": "louder-music"} for n in range(10)]
    (folder / "posts.jsonl").write_text("".join(json.dumps(one) + "\n" for one in posts))
    (folder / "labels.jsonl").write_text("".join(json.dumps(one) + "\n" for one in labels))
    done = tidegate("policy", "calibrate", "posts.jsonl", "--labels", "labels.jsonl", "--out", "c.json")
    assert "loud-music: 90 labels, 45 violating" in done.output
    assert (
        "louder-music: is not calibrated in this file: 5 violating and 5 fine items are too few"
    ) in done.output
    assert list(json.loads((folder / "c.json").read_text())["policies"]) == ["loud-music"]


def test_a_calibration_that_is_made_says_what_was_left_out_and_not_tried(site: Callable[..., Path]) -> None:
    folder = site(judge=unavailable_after(60, by_hour))
    posts = [{"id": f"p{n}", "text": TEXTS["en"].format(23 if n % 2 else 15, n)} for n in range(64)]
    labels = [{"item_id": f"p{n}", "violates": n % 2 == 1, "policy": "loud-music"} for n in range(69)]
    (folder / "posts.jsonl").write_text("".join(json.dumps(one) + "\n" for one in posts))
    (folder / "labels.jsonl").write_text("".join(json.dumps(one) + "\n" for one in labels))
    done = tidegate("policy", "calibrate", "posts.jsonl", "--labels", "labels.jsonl", "--out", "c.json")
    assert "nan" not in done.output
    assert "too few to try it on labels that did not teach" in done.output
    assert "  left out: 5 labelled items that no post is\n" in done.output
    assert "  left out: 4 items without a verdict (server error (HTTP 503))\n" in done.output


def test_a_calibration_is_not_written_over_another(site: Callable[..., Path]) -> None:
    from tidegate.errors import RunError

    folder = site(judge=by_hour)
    for name in ("posts.jsonl", "labels.jsonl", "c.json"):
        (folder / name).write_text("mine")
    with pytest.raises(RunError, match=r"c.json: the output file exists already"):
        tidegate("policy", "calibrate", "posts.jsonl", "--labels", "labels.jsonl", "--out", "c.json")
    assert (folder / "c.json").read_text() == "mine"


def test_policy_check_spends_no_money(site: Callable[..., Path]) -> None:
    asked: list[Request] = []

    def counting(connection: Connection, request: Request) -> None:
        asked.append(request)
        says_no(connection, request)

    site(judge=counting)
    assert tidegate("policy", "check").exit_code == 0
    assert asked == []


def test_trying_a_judge_keeps_to_the_days_budget_and_asks_every_time(site: Callable[..., Path]) -> None:
    asked: list[Request] = []

    def counting(connection: Connection, request: Request) -> None:
        asked.append(request)
        by_hour(connection, request)

    folder = site(judge=counting)
    assert json.loads(tidegate("policy", "eval", "loud-music", "--json").output)["reasons"] == {}
    assert json.loads(tidegate("policy", "eval", "loud-music", "--json").output)["reasons"] == {}
    assert len(asked) == 84
    with (folder / "tidegate.toml").open("a") as out:
        out.write("money_per_day = 0.19\n")
    found = json.loads(tidegate("policy", "eval", "loud-music", "--json").output)
    assert found["reasons"]["the day's budget is spent"] > 30


def test_an_unknown_judge_is_named_with_the_ones_there_are(site: Callable[..., Path]) -> None:
    site(judge=says_no)
    with pytest.raises(SignalError) as caught:
        tidegate("policy", "eval", "loud-music", "--judge", "jugde")
    assert "Did you mean 'judge'?" in str(caught.value)


def test_a_prompt_that_would_break_the_judge_fails_the_lint(tmp_path: Path) -> None:
    own = tmp_path / "own.md"
    own.write_text(tidegate("policy", "prompt").output.replace("{policies}", ""), encoding="utf-8")
    done = tidegate("policy", "prompt", str(own), "--lint")
    assert done.exit_code == 1
    assert "{policies} is missing from the system part" in done.output


def unavailable_after(answers: int, well: Behaviour = says_no) -> Behaviour:
    """A server that answers so many requests, and is overloaded from then on."""
    counted = itertools.count()

    def behave(connection: Connection, request: Request) -> None:
        if next(counted) < answers:
            well(connection, request)
        else:
            connection.respond("{}", status="503 Busy")

    return behave


JUDGED = """
strategy: judged
version: 1
rules:
  - {id: judged, when: judge.violates, then: review}
  - {id: otherwise, then: allow}
"""


def posts_in(folder: Path, number: int) -> None:
    rows = [{"id": f"p{n}", "text": f"at 15 my neighbour plays, song {n}"} for n in range(number)]
    (folder / "posts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_scoring_says_how_many_items_got_no_answer_and_why(site: Callable[..., Path]) -> None:
    folder = site(judge=unavailable_after(7))
    posts_in(folder, 10)
    done = tidegate("score", "posts.jsonl", "--out", "s.parquet")
    assert done.exit_code == 3
    assert "10 items scored; written to s.parquet" in done.stdout
    assert "judge had no answer to 3 items of 10:\n  3 × server error (HTTP 503)\n" in done.stderr
    assert pl.read_parquet(folder / "s.parquet")["judge.failure"].null_count() == 7


def test_requests_that_are_repeated_or_fail_are_told_with_what_they_cost(site: Callable[..., Path]) -> None:
    """A server that tells no log-probabilities, and every seventh time nothing at all."""
    times = itertools.count(1)

    def behave(connection: Connection, request: Request) -> None:
        if next(times) % 7 == 0:
            connection.respond("{}", status="503 Busy", headers={"Retry-After": "0"})
        else:
            usage = {"prompt_tokens": 500, "completion_tokens": 50}
            connection.respond(completion(answer(loud_music=verdict()), usage=usage))

    folder = site(judge=behave)
    file = folder / "tidegate.toml"
    file.write_text(file.read_text().replace("samples = 0\ntries = 1", "samples = 5\ntries = 9"))
    answered = 42 * 6
    # Six of seven requests are answered, and what is sent again is answered or fails alike.
    failed = answered // 6 - 1
    shown = tidegate("policy", "eval", "loud-music").output
    told = re.search(r"(\d+) requests \((\d+) repeated (.*)\), (\S+) US dollars; ", shown)
    assert told is not None, shown
    assert int(told[1]) == answered + failed
    assert int(told[2]) == 42 * 5
    assert told[3] == f"for a probability, {failed} sent again, {failed} failed"
    assert float(told[4]) == pytest.approx(answered * 0.002)
    posts_in(folder, 10)
    scored = tidegate("score", "posts.jsonl", "--out", "s.parquet")
    assert re.search(
        r"judge: \d+ requests \(50 repeated for a probability, .*\), 0\.1200 US dollars\.\n", scored.stdout
    )


CHATTY = """
import polars as pl
from tidegate.tables import DetectorSpec, SignalField, SignalType


class Chatty:
    spec = DetectorSpec("chatty", "1", (SignalField("score", SignalType.NUMBER, "None."),), cost_ms=1.0)
    examples = ()

    def detect(self, items):
        reasons = [f"out of paper {n}" for n in range(len(items))]
        columns = {"chatty.score": [None] * len(items), "chatty.failure": reasons}
        return pl.DataFrame(columns, schema={"chatty.score": pl.Float64, "chatty.failure": pl.String})


def build(settings):
    return Chatty()
"""


def test_of_reasons_without_number_the_commonest_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "chatty_detector.py").write_text(CHATTY)
    (tmp_path / "tidegate.toml").write_text('[detectors.chatty]\nuse = "chatty_detector:build"\n')
    (tmp_path / "s.yaml").write_text(
        "strategy: chatty\nversion: 1\nrules:\n  - {id: one, when: chatty.score > 0.5, then: review}\n"
        "  - {id: otherwise, then: allow}\n"
    )
    posts_in(tmp_path, 100)
    done = tidegate("score", "posts.jsonl", "--out", "s.parquet")
    assert done.exit_code == 3
    assert done.stderr.count(" × out of paper ") == 5
    assert "and 95 other reasons: see the column chatty.failure" in done.stderr
    assert tidegate("moderate", "posts.jsonl", "--strategy", "s.yaml", "--out", "run").exit_code == 0
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["detector_failures"] == 100
    assert len(summary["detector_failed_because"]) == 20


def test_a_limit_on_a_batch_costs_no_answer_that_came_before_an_outage(site: Callable[..., Path]) -> None:
    folder = site(judge=unavailable_after(50))
    file = folder / "tidegate.toml"
    file.write_text(file.read_text().replace("pause_after = 100", "pause_after = 5\ntimeout_s = 15"))
    posts_in(folder, 100)
    (folder / "s.yaml").write_text(JUDGED)
    tidegate("moderate", "posts.jsonl", "--strategy", "s.yaml", "--out", "run")
    because = json.loads((folder / "run" / "summary.json").read_text())["detector_failed_because"]
    assert sum(one["items"] for one in because) == 50
    assert "timed out" not in str(because)


def test_scoring_that_went_well_says_nothing_of_failures(site: Callable[..., Path]) -> None:
    posts_in(site(judge=says_no), 10)
    done = tidegate("score", "posts.jsonl", "--out", "s.parquet")
    assert (done.exit_code, done.stderr) == (0, "")


def test_moderating_says_why_a_detector_failed(site: Callable[..., Path]) -> None:
    folder = site(judge=unavailable_after(7))
    posts_in(folder, 10)
    (folder / "s.yaml").write_text(JUDGED)
    done = tidegate("moderate", "posts.jsonl", "--strategy", "s.yaml", "--out", "run")
    assert done.exit_code == 0
    assert "detector failed: 3 items\n    3 × judge: server error (HTTP 503)\n" in done.output
    summary = json.loads((folder / "run" / "summary.json").read_text())
    assert summary["detector_failures"] == 3
    assert summary["detector_failed_because"] == [
        {"detector": "judge", "reason": "server error (HTTP 503)", "items": 3}
    ]

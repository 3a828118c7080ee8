"""What a judge's section may say."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import tidegate
from tidegate.errors import SignalError, Where
from tidegate.signals.judge.settings import read_settings

STARTER = Path(tidegate.__file__).parent / "starter" / "tidegate.toml"
WHERE = Where(Path("tidegate.toml"), field="detectors.judge")
SERVER = {"base_url": "http://127.0.0.1:9/v1", "model": "small"}


@pytest.mark.parametrize(
    ("prices", "wrong"),
    [
        ({}, "price_in and price_out are not there"),
        ({"price_in": 1.0}, "price_out is not there"),
        ({"price_in": 0, "price_out": 0.0}, "both are 0"),
    ],
)
def test_a_budget_in_money_without_prices_is_refused(prices: dict[str, float], wrong: str) -> None:
    with pytest.raises(SignalError) as caught:
        read_settings(SERVER | {"money_per_day": 5.0} | prices, WHERE)
    assert caught.value.what == f"a budget in money needs prices, and {wrong}"
    assert caught.value.where is not None
    assert caught.value.where.field == "detectors.judge.money_per_day"
    assert "price_in = …" in str(caught.value.remedy)
    assert "tokens_per_day" in str(caught.value.remedy)


@pytest.mark.parametrize(
    "budget",
    [{"money_per_day": 5.0, "price_in": 0.1, "price_out": 0}, {"money_per_day": 0}, {"tokens_per_day": 9}],
)
def test_a_budget_that_binds_is_taken(budget: dict[str, float]) -> None:
    settings = read_settings(SERVER | budget, WHERE)
    assert settings.money_per_day == budget.get("money_per_day", 0)


def test_the_judge_that_a_new_workspace_suggests_is_whole() -> None:
    suggested = re.search(r"^# \[detectors\.judge\]\n(# \w+ = .*\n)+", STARTER.read_text(), re.MULTILINE)
    assert suggested is not None
    section = tomllib.loads(re.sub(r"^# ", "", suggested.group(), flags=re.MULTILINE))["detectors"]["judge"]
    assert read_settings(section, WHERE).price(1_000_000, 1_000_000) > 0

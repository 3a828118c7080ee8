"""docs/policies.md names everything that a policy may hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidegate.policy.fields import FIELDS
from tidegate.policy.golden import KEYS
from tidegate.policy.harms import HARM_KEYS
from tidegate.policy.ladder import LADDER
from tidegate.policy.model import Section, Severity

PAGE = (Path(__file__).parents[2] / "docs" / "policies.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("word", [*FIELDS, *KEYS, *HARM_KEYS, *LADDER.names, *Severity])
def test_every_field_key_and_value_is_documented(word):
    assert f"`{word}`" in PAGE


@pytest.mark.parametrize("section", Section)
def test_every_section_is_documented(section):
    assert f"*{section}*" in PAGE

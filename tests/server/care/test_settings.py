"""[care] of tidegate.toml: what is wrong is told with its field, and nothing is begun."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidegate.errors import WorkspaceError
from tidegate.runs.workspace import FILE


def read(tmp_path: Path, text: str) -> object:
    from tidegate.server.care.settings import care_of

    (tmp_path / FILE).write_text(text)
    care_of.cache_clear()
    return care_of(tmp_path)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("care = 3", "care"),
        ("[care]\nper_our = 9", "care.per_our"),
        ("[care]\nper_hour = 7", "care.per_hour"),
        ("[care]\nper_day = true", "care.per_day"),
        ("[care]\nleast_group = 4", "care.least_group"),
        ("[care]\ntrial_group = 2", "care.trial_group"),
        ("[care]\nbreak_minutes = 0", "care.break_minutes"),
        ('[care]\nbreak_required = "no"', "care.break_required"),
        ("[care]\nrotate_from = 2", "care.rotate_from"),
        ('[care]\nresources = ["x"]', "care.resources"),
        ('[[care.resources]]\ntext = {en = "x"}', "care.resources[1].title"),
        ('[[care.resources]]\ntitle = {fr = "x"}', "care.resources[1].title"),
        ('[[care.resources]]\ntitle = {en = "x"}\nurl = "javascript:x"', "care.resources[1].url"),
        ('[[care.resources]]\ntitle = {en = "x"}\nphone = "1"', "care.resources[1]"),
    ],
)
def test_what_is_wrong_is_told_with_its_field(
    django_workspace: Path, tmp_path: Path, text: str, field: str
) -> None:
    with pytest.raises(WorkspaceError) as error:
        read(tmp_path, text)
    assert error.value.where is not None
    assert error.value.where.field == field
    assert error.value.remedy


def test_the_page_tells_the_defaults(django_workspace: Path, tmp_path: Path) -> None:
    from tidegate.server.care.settings import NUMBERS

    read(tmp_path, "[workspace]")
    page = (Path(__file__).parents[3] / "docs" / "care.md").read_text()
    for name, (default, _, _) in NUMBERS.items():
        assert f"{name} = {default} " in page
        assert f"({default}" in page.split(f"{name} = ")[1].splitlines()[0]

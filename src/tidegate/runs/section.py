"""A section of tidegate.toml, read field by field; what is wrong is said with its field and a remedy."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tidegate.errors import Where, WorkspaceError
from tidegate.names import nearest
from tidegate.runs.workspace import FILE, read_file


@dataclass(frozen=True)
class Section:
    """What stands in the section `name` (with dots, where it is within another one) of the file `path`."""

    path: Path
    name: str
    given: Mapping[str, Any]

    def wrong(self, field: str, what: str, remedy: str) -> WorkspaceError:
        """What to raise where a field cannot be meant."""
        return WorkspaceError(what, where=Where(self.path, field=f"{self.name}.{field}"), remedy=remedy)

    def knows(self, fields: Collection[str]) -> Section:
        """This section, which has no other fields than these.

        Raises:
            WorkspaceError: it has.
        """
        for field in self.given:
            if field not in fields:
                remedy = f"{nearest(field, fields)}Fields are {', '.join(fields)}."
                raise self.wrong(field, f"[{self.name}] has no field '{field}'", remedy)
        return self

    def number(self, field: str, default: float, least: float, most: float) -> float:
        """A number from `least` to `most`; `default` where the field is missing.

        Raises:
            WorkspaceError: it is none, or out of these bounds.
        """
        return float(self._within(field, default, least, most, int | float, "number"))

    def whole(self, field: str, default: int, least: int, most: int) -> int:
        """A whole number, as `number`."""
        return int(self._within(field, default, least, most, int, "whole number"))

    def _within(
        self, field: str, default: float, least: float, most: float, kind: Any, kind_name: str
    ) -> float:
        value = self.given.get(field, default)
        if isinstance(value, bool) or not isinstance(value, kind) or not least <= value <= most:
            what = f"this must be a {kind_name} from {least:,} to {most:,}"
            raise self.wrong(field, what, f"Write {field} = {default:g}, say.")
        return float(value)

    def flag(self, field: str, *, default: bool) -> bool:
        """True or false.

        Raises:
            WorkspaceError: it is neither.
        """
        value = self.given.get(field, default)
        if not isinstance(value, bool):
            raise self.wrong(field, "this must be true or false", f"Write {field} = {str(default).lower()}.")
        return value

    def names(self, field: str) -> frozenset[str]:
        """A list of names; none where the field is missing.

        Raises:
            WorkspaceError: it is no list, or something in it is no name.
        """
        value = self.given.get(field, [])
        if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
            raise self.wrong(field, "this must be a list of names", f'Write {field} = ["…"].')
        return frozenset(value)

    def within(self, field: str) -> Section:
        """The section within this one; an empty one where it is missing.

        Raises:
            WorkspaceError: it is no section.
        """
        value, name = self.given.get(field, {}), f"{self.name}.{field}"
        if not isinstance(value, dict):
            raise self.wrong(field, "this must be a section", f"Write [{name}] and its fields.")
        return Section(self.path, name, value)

    def sections(self) -> Iterator[tuple[str, Section]]:
        """The names and sections of all that is within.

        Raises:
            WorkspaceError: as for `within`.
        """
        return ((field, self.within(field)) for field in self.given)


def section(workspace: Path, name: str) -> Section:
    """A section of a workspace; an empty one where it is missing.

    Raises:
        WorkspaceError: the file is not TOML, or it is no section.
    """
    path = workspace / FILE
    value = read_file(workspace).get(name, {})
    if not isinstance(value, dict):
        remedy = f"Write [{name}] and its fields."
        raise WorkspaceError("this must be a section", where=Where(path, field=name), remedy=remedy)
    return Section(path, name, value)

"""The front matter of a policy file: YAML whose every value knows its line.

Only what a policy needs is read: text, lists of text, and one level of named texts. Plain scalars stay the
text that was typed, so that `no` is Norwegian and not a falsehood. What the fields mean is left to `fields`.
"""

from __future__ import annotations

from dataclasses import dataclass

import yaml

from tidegate.policy.problems import Report

FENCE = "---"
NULL_TAG = "tag:yaml.org,2002:null"
DEEPEST = 2
"""Fields may hold lists or mappings of texts. Deeper values are refused, and nested aliases with them."""


@dataclass(frozen=True)
class Value:
    """A value and the line (from 1) on which it stands. None is an empty value or YAML's null."""

    line: int
    content: str | tuple[Value, ...] | dict[str, Value] | None


def split(text: str) -> tuple[str | None, str, int]:
    """The front matter (None where there is none), the body, and the line on which the body begins."""
    lines = text.split("\n")
    if lines[0].rstrip() != FENCE:
        return None, text, 1
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() == FENCE:
            return "\n".join(lines[1:number]), "\n".join(lines[number + 1 :]), number + 2
    return None, text, 1


def parse(front: str, report: Report) -> dict[str, Value]:
    """The fields of the front matter, which begins on line 2 of its file; problems go to `report`."""
    try:
        root = yaml.compose(front, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        # An unclosed quote is noticed at the end, but it is to be mended where it opens.
        at_end = "end of stream" in (error.problem or "")
        mark = error.context_mark if at_end else error.problem_mark
        report.add(
            f"the front matter is not valid YAML: {error.problem}",
            line=mark.line + 2 if mark else None,
            remedy="Put text that holds a colon or begins with a sign in quotes, and indent with spaces.",
        )
        return {}
    except (yaml.YAMLError, RecursionError):
        report.add(
            "the front matter is not valid YAML: it holds a control character or is nested too deeply",
            line=2,
            remedy="Write the fields as plain 'key: value' lines.",
        )
        return {}
    if not isinstance(root, yaml.MappingNode) or not root.value:
        report.add(
            "the front matter holds no fields",
            line=2,
            remedy="Write it as 'key: value' lines, beginning with id.",
        )
        return {}
    return _mapping(root, "", DEEPEST, report)


def _mapping(node: yaml.MappingNode, path: str, depth: int, report: Report) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for key_node, value_node in node.value:
        line = _line(key_node)
        if not isinstance(key_node, yaml.ScalarNode):
            report.add("a field name must be plain text", line=line, remedy="Write 'key: value'.")
            continue
        name = key_node.value
        field = f"{path}.{name}" if path else name
        if name in values:
            report.add(
                f"'{field}' is given twice",
                line=line,
                field=field,
                remedy=f"Keep one; the first is on line {values[name].line}.",
            )
            continue
        values[name] = Value(line, _content(value_node, field, depth - 1, report))
    return values


def _content(
    node: yaml.Node, field: str, depth: int, report: Report
) -> str | tuple[Value, ...] | dict[str, Value] | None:
    if isinstance(node, yaml.ScalarNode):
        return None if node.tag == NULL_TAG else str(node.value).strip() or None
    if depth == 0:
        report.add(
            "this is nested too deeply",
            line=_line(node),
            field=field,
            remedy="Write one text here, in quotes.",
        )
        return None
    if isinstance(node, yaml.SequenceNode):
        return tuple(Value(_line(item), _content(item, field, depth - 1, report)) for item in node.value)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, field, depth, report)
    raise AssertionError(f"YAML has no other kind of node: {node!r}")


def _line(node: yaml.Node) -> int:
    """The front matter begins on line 2 of the file; marks count from 0."""
    return int(node.start_mark.line) + 2

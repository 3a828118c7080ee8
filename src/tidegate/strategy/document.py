"""YAML read with its line numbers: mappings whose keys and values know where they stand.

PyYAML's nodes are used as they are, untyped, so that `id: no` is the text "no" and 010 is ten: what a value
means is for `load` to say.
"""

from __future__ import annotations

from dataclasses import dataclass

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from tidegate.strategy.problems import Problems

NULL_TAG = "tag:yaml.org,2002:null"


@dataclass(frozen=True)
class Entry:
    """A key of a mapping and its value."""

    key: str
    node: Node
    line: int
    """Line of the key, from 1."""


def compose(text: str, problems: Problems) -> Node | None:
    """The root of a YAML document; None, with the problem noted, where there is none."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1 if isinstance(error.position, int) else None
        problems.error(
            "a character that YAML does not allow",
            line=line,
            remedy="Remove it; write control characters as \\x07.",
        )
        return None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problems.error(
            f"this is no YAML: {error.problem or error.context}",
            line=mark.line + 1 if mark else None,
            remedy="Check the indentation and the colons here and on the line above.",
        )
        return None
    except RecursionError:
        problems.error("the YAML is nested too deeply", remedy="A strategy is a flat list of rules.")
        return None
    if root is None or is_null(root):
        problems.error(
            "the file is empty", remedy="Begin with 'strategy: my-strategy', then 'version: 1' and 'rules:'."
        )
        return None
    return root


def line_of(node: Node) -> int:
    return int(node.start_mark.line) + 1


def is_null(node: Node) -> bool:
    return isinstance(node, ScalarNode) and (node.tag == NULL_TAG or node.value == "")


def entries(node: Node, what: str, problems: Problems) -> dict[str, Entry]:
    """The keys of a mapping; notes what is no mapping, keys that are no text, and keys given twice."""
    if not isinstance(node, MappingNode):
        problems.error(
            f"{what} must be a mapping of keys to values",
            line=line_of(node),
            remedy="Write 'key: value' lines.",
        )
        return {}
    found: dict[str, Entry] = {}
    for key, value in node.value:
        if not isinstance(key, ScalarNode):
            problems.error("a key must be a word", line=line_of(key), remedy="Write 'key: value' lines.")
        elif key.value in found:
            problems.error(
                f"the key '{key.value}' is given twice",
                line=line_of(key),
                field=key.value,
                remedy=f"Keep one; the first is on line {found[key.value].line}.",
            )
        else:
            found[key.value] = Entry(key.value, value, line_of(key))
    return found


def items(node: Node) -> list[Node] | None:
    """The members of a sequence, None where `node` is none."""
    return list(node.value) if isinstance(node, SequenceNode) else None


def scalar(node: Node) -> str | None:
    """The text of a scalar as written; None for null, mappings and sequences."""
    return str(node.value) if isinstance(node, ScalarNode) and not is_null(node) else None


def line_at(node: ScalarNode, source: str, offset: int | None) -> int:
    """The line of the file on which the character at `offset` of a scalar's value stands.

    Folding changes white space only, so the k-th other character of the value is the k-th of the source.
    Where escapes break that (double quotes), the first line stands in.
    """
    start, end = node.start_mark, node.end_mark
    raw = source[start.index : end.index]
    begin = 0
    if node.style in ("|", ">"):
        begin = raw.find("\n") + 1
    elif node.style in ("'", '"'):
        begin = 1
        if "\\" in raw or "''" in raw:
            return line_of(node)
    left = sum(not char.isspace() for char in node.value[: offset or 0])
    for place in range(begin, len(raw)):
        if not raw[place].isspace():
            if left == 0:
                return int(start.line) + raw[:place].count("\n") + 1
            left -= 1
    return line_of(node)

"""The few forms of Markdown that policies are written in, as HTML: headings, lists, bold, code, paragraphs.

Everything else is text and is escaped, so that no policy can bring markup of its own onto a page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

BOLD = re.compile(r"\*\*(.+?)\*\*")
CODE = re.compile(r"`([^`]+)`")
LOWER = 1
"""By how much headings are lowered: the page has its own first one."""


def as_html(text: str) -> SafeString:
    """HTML of a policy's guideline."""
    return mark_safe("\n".join(_blocks(text)))  # each part is escaped below


def _blocks(text: str) -> Iterator[str]:
    for block in re.split(r"\n\s*\n", text.strip()):
        lines = block.split("\n")
        heading = re.match(r"(#{1,4}) (.*)", lines[0])
        if heading:
            level = min(6, len(heading.group(1)) + LOWER)
            yield f"<h{level}>{_inline(heading.group(2))}</h{level}>"
            lines = lines[1:]
        yield from _items_and_lines(lines)


def _items_and_lines(lines: list[str]) -> Iterator[str]:
    """Lines that begin with a dash are a list; one that is indented goes on with the one before."""
    items: list[str] = []
    running: list[str] = []
    for line in lines:
        if line.startswith("- "):
            items.append(line[2:])
        elif items and line.startswith(" "):
            items[-1] += f" {line.strip()}"
        elif line.strip():
            running.append(line)
    if running:
        yield f"<p>{_inline(' '.join(running))}</p>"
    if items:
        yield "<ul>" + "".join(f"<li>{_inline(item)}</li>" for item in items) + "</ul>"


def _inline(text: str) -> str:
    return CODE.sub(r"<code>\1</code>", BOLD.sub(r"<strong>\1</strong>", escape(text)))

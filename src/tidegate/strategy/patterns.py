"""LIKE and regular-expression patterns that mean the same in Python, DuckDB (RE2) and PostgreSQL.

The three engines agree on a subset only; `portable` admits that subset and says what to write instead of the
rest. Matching asks whether the pattern occurs anywhere, so lazy quantifiers and captures have no use here.
"""

from __future__ import annotations

import re

PUNCTUATION = frozenset("\\^$.|?*+()[]{}-/'\"#&~<>=!:;,@%_ ")
CONTROLS = {"n": "\n", "t": "\t", "r": "\r"}
REPEAT = re.compile(r"\{(\d{1,3})(?:,(\d{0,3}))?\}")
MOST_REPEATS = 255
LONGEST = 1_000


class PatternError(ValueError):
    """A pattern is outside the portable subset: what is wrong, and what to write instead."""

    def __init__(self, what: str, remedy: str) -> None:
        self.remedy = remedy
        super().__init__(what)


def like(pattern: str) -> str:
    """`pattern` as it is, or PatternError where the engines would read it differently."""
    if "\\" in pattern:
        raise PatternError(
            "a backslash escapes in some databases only", "Use regexp_matches() for such texts."
        )
    return pattern


def like_as_regex(pattern: str) -> str:
    """The regular expression (for `re.fullmatch`, DOTALL) of a LIKE pattern without escape character."""
    return "".join({"%": ".*", "_": "."}.get(char, re.escape(char)) for char in pattern)


def portable(pattern: str) -> str:
    """`pattern` in the form that all engines read alike.

    Raises:
        PatternError: something is outside the subset, or the pattern is no regular expression.
    """
    if not 0 < len(pattern) <= LONGEST:
        raise PatternError(f"it has {len(pattern)} characters", f"Write 1 to {LONGEST:,} characters.")
    out: list[str] = []
    repeated = [1]
    """Per open bracket, how often what is inside may be repeated at most."""
    branches = [False]
    """Per open bracket, whether what is inside can match one text in several ways: Python tries them all."""
    place, repeatable, last_branches = 0, False, False
    while place < len(pattern):
        char = pattern[place]
        if char == "\\":
            out.append(_escape(pattern, place))
            place, repeatable = place + 2, True
        elif char == "[":
            text, place = _class(pattern, place)
            out.append(text)
            repeatable, last = True, 1
        elif char == ".":
            out.append("[^\n]")
            place, repeatable = place + 1, True
        elif char == "(":
            if pattern.startswith("(?", place):
                raise PatternError("'(?' has no portable meaning", "Write a plain group, ( … ).")
            out.append("(")
            repeated.append(1)
            branches.append(False)
            place, repeatable = place + 1, False
        elif char in "*+?{":
            if not repeatable:
                raise PatternError(
                    f"there is nothing for '{char}' to repeat", f"Write \\{char} for the character."
                )
            text, times = _repeat(pattern, place)
            out.append(text)
            inside = last if out[-2] == ")" else 1
            endless = text in ("*", "+") or text.endswith(",}")
            if endless and out[-2] == ")" and last_branches:
                raise PatternError(
                    "a group that repeats or chooses, repeated without end, can take for ever on one text",
                    "Write a class, such as [ab]*, or say how often: {0,9}.",
                )
            branches[-1] = branches[-1] or endless
            if inside * times > MOST_REPEATS:
                raise PatternError(
                    "repeats within repeats multiply too far", f"Stay within {MOST_REPEATS} in all."
                )
            repeated[-1] = max(repeated[-1], inside * times)
            place, repeatable = place + len(text), False
        else:
            if char == ")":
                last_branches = branches.pop() if len(branches) > 1 else False
                branches[-1] = branches[-1] or last_branches
                last = repeated.pop() if len(repeated) > 1 else 1
                repeated[-1] = max(repeated[-1], last)
            elif char in "]}":
                raise PatternError(f"'{char}' closes nothing", f"Write \\{char} for the character.")
            elif char == "|":
                branches[-1] = True
            out.append(char)
            place, repeatable = place + 1, char not in "|^$"
    result = "".join(out)
    try:
        re.compile(python_form(result))
    except re.error as error:
        raise PatternError(f"it is no regular expression, {error.msg}", "Check its brackets.") from None
    return result


def python_form(pattern: str) -> str:
    r"""A portable pattern for Python's `re`, where a bare $ would also match before a final line break."""
    out, inside, place = [], False, 0
    while place < len(pattern):
        char = pattern[place]
        if char == "\\":
            out.append(pattern[place : place + 2])
            place += 2
            continue
        inside = char == "[" or (inside and char != "]")
        out.append(r"\Z" if char == "$" and not inside else char)
        place += 1
    return "".join(out)


def _escape(pattern: str, place: int) -> str:
    following = pattern[place + 1 : place + 2]
    if following in CONTROLS:
        return CONTROLS[following]
    if following not in PUNCTUATION or not following:
        raise PatternError(
            f"'\\{following}' is read differently by different engines",
            "Write a class: [0-9] for \\d, [A-Za-z0-9_] for \\w, [ \\t\\n] for \\s.",
        )
    return "\\" + following if following in "\\^$.|?*+()[]{}-" else following


def _class(pattern: str, start: int) -> tuple[str, int]:
    """The class that opens at `start`, and the place behind it."""
    out = ["[^" if pattern.startswith("[^", start) else "["]
    first = place = start + len(out[0])
    while place < len(pattern):
        char = pattern[place]
        if char == "]" and place > first:
            return "".join(out) + "]", place + 1
        if char in "[]&~|^":
            raise PatternError(
                f"'{char}' inside [ … ] is read differently by different engines", f"Write \\{char}."
            )
        if char == "-":
            out.append(_dash(pattern, place, first))
            place += 1
        elif char == "\\":
            out.append(_escape(pattern, place))
            place += 2
        else:
            out.append(char)
            place += 1
    raise PatternError("a '[' is not closed", "Close it, or write \\[ for the character.")


def _dash(pattern: str, place: int, first: int) -> str:
    """A range's dash, or an escaped one where it stands first or last for itself."""
    if place == first or pattern.startswith("]", place + 1):
        return "\\-"
    low, high = pattern[place - 1], pattern[place + 1 : place + 2]
    plain = low not in "\\]-" and high not in "\\[-" and bool(high)
    after_range = place - 2 > first and pattern[place - 2] == "-"
    if not plain or after_range or low > high:
        raise PatternError(
            "a '-' inside [ … ] stands in no plain range such as a-z", "Write \\- for the character."
        )
    return "-"


def _repeat(pattern: str, place: int) -> tuple[str, int]:
    """The repeat at `place`, and how often it repeats at most (1 if unbounded: engines loop there)."""
    text, times = pattern[place], 1
    if text == "{":
        found = REPEAT.match(pattern, place)
        if found is None:
            raise PatternError("'{' opens no repeat such as {2} or {2,5}", "Write \\{ for the character.")
        text = found.group(0)
        low, high = int(found.group(1)), int(found.group(2) or found.group(1))
        times = max(low, high)
        if times > MOST_REPEATS or low > high:
            raise PatternError(
                f"{text} is no repeat within {MOST_REPEATS}", "Write the smaller number first."
            )
    if pattern[place + len(text) : place + len(text) + 1] in ("?", "*", "+", "{"):
        raise PatternError("two repeats follow each other", "Put the first in a group, ( … ).")
    return text, times

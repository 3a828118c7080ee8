"""Bytes that are not UTF-8: what they probably are, and what to do about it."""

from __future__ import annotations

from itertools import pairwise


def as_text(raw: bytes) -> str | bytes:
    """`raw` as text where it is UTF-8, and as it is otherwise."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return bytes(raw)


def undecodable(raw: bytes) -> tuple[str, str]:
    """What is wrong with `raw`, and the remedy: the encoding it was probably written in."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        what = f"byte {error.start + 1} of the row (0x{raw[error.start]:02x}) is not UTF-8"
    else:
        raise ValueError("these bytes are UTF-8")
    name = probable_encoding(raw)
    return what, f"The file looks like {name}; convert it: iconv -f {name} -t UTF-8 FILE > utf8-FILE"


def probable_encoding(raw: bytes) -> str:
    """GB18030 where the bytes make Chinese characters in pairs, and the Western Windows-1252 otherwise."""
    try:
        text = raw.decode("gb18030")
    except UnicodeDecodeError:
        return "WINDOWS-1252"
    foreign = [letter for letter in text if letter > "\x7f"]
    chinese = sum("一" <= letter <= "鿿" or letter in "，。！？：；、（）《》" for letter in foreign)
    # A lone accented letter and the next letter can pass for one Chinese character; Chinese comes in runs.
    in_runs = any("一" <= a <= "鿿" and "一" <= b <= "鿿" for a, b in pairwise(text))
    return "GB18030" if in_runs and chinese > 0.8 * len(foreign) else "WINDOWS-1252"

"""Where rows come from: a file or standard input, its format and compression, and its bytes in chunks."""

from __future__ import annotations

import gzip
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, cast, get_args

import pyarrow as pa

from tidegate.errors import InputError, Where
from tidegate.names import nearest

Format = Literal["csv", "jsonl", "parquet"]
FORMATS: tuple[str, ...] = get_args(Format)
STDIN = "-"
STDIN_NAME = "standard input"
CHUNK_BYTES = 1 << 20

SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}

UTF_16 = ("the file is UTF-16, and UTF-8 is read", "Convert it: iconv -f UTF-16 -t UTF-8 FILE > utf8.csv")
OTHER_FORMATS = {
    b"\xff\xfe": UTF_16,
    b"\xfe\xff": UTF_16,
    b"PK\x03\x04": (
        "the file is a zip archive or an Excel workbook",
        "Unpack it, or save the sheet as CSV UTF-8.",
    ),
    b"\x1f\x8b": ("the file is packed with gzip, and its name does not say so", "Let it end in .gz."),
    b"ARROW1": ("the file is an Arrow (Feather) file", "Write it as Parquet: frame.write_parquet(…)."),
}
"""How files begin that people hand in by mistake: what they are, and the remedy."""


@dataclass(frozen=True)
class Source:
    """A file (`path`) or standard input (`path` None), and how to read it. `size` is in bytes as stored."""

    name: str
    path: Path | None
    format: Format
    compression: str | None = None
    size: int | None = None

    @property
    def where(self) -> Where:
        return Where(self.name)


def identify(given: Path | str, format: str | None = None) -> Source:
    """The source that `given` names; `format` goes before the file's suffix, and the suffix before a look
    inside.

    Raises:
        InputError: no such file, a directory, no right to read it, an empty file, or a format that is not
        read.
    """
    if format is not None and format not in FORMATS:
        raise InputError(
            f"there is no format '{format}'",
            where=Where(field="format"),
            remedy=f"{nearest(format, FORMATS)}Formats are {', '.join(FORMATS)}.",
        )
    wanted = cast(Format | None, format)
    if str(given) == STDIN:
        return _standard_input(wanted)
    path = Path(given)
    _check_readable(path)
    with path.open("rb") as file:
        head = file.read(4096)
    suffixes = [suffix.lower() for suffix in path.suffixes]
    compression = COMPRESSIONS.get(suffixes[-1]) if suffixes else None
    inner = suffixes[-2:-1] if compression else suffixes[-1:]
    by_name = SUFFIXES.get(inner[0]) if inner else None
    if compression is None:
        _refuse_other_formats(head, Where(path))
    found = wanted or by_name or ("csv" if compression else sniff(head))
    if compression and found == "parquet":
        raise InputError(
            "a Parquet file cannot be read through another compression",
            where=Where(path),
            remedy="Unpack it first; Parquet is compressed inside.",
        )
    return Source(str(given), path, found, compression, path.stat().st_size)


def sniff(head: bytes) -> Format:
    """The format that the first bytes speak for."""
    if head.startswith(b"PAR1"):
        return "parquet"
    return "jsonl" if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[") else "csv"


@contextmanager
def opened(source: Source) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """The unpacked bytes of a text source, and the file under them, whose position tells the progress."""
    if source.path is None:
        yield sys.stdin.buffer, sys.stdin.buffer
        return
    with source.path.open("rb") as stored:
        if source.compression == "gzip":
            with gzip.open(stored) as plain:
                yield cast(BinaryIO, plain), stored
        elif source.compression == "zstd":
            with pa.CompressedInputStream(pa.PythonFile(stored, "r"), "zstd") as plain:
                yield plain, stored
        else:
            yield stored, stored


def chunks(stream: BinaryIO, source: Source) -> Iterator[bytes]:
    """The stream in pieces of `CHUNK_BYTES`.

    Raises:
        InputError: the compressed data is damaged or cut short.
    """
    try:
        while chunk := stream.read(CHUNK_BYTES):
            yield chunk
    except (EOFError, gzip.BadGzipFile, pa.ArrowException) as error:
        raise _damaged(source, error) from error
    except OSError as error:
        # pyarrow reports damaged data as an OSError without a number; those with one come from the system.
        if error.errno is not None:
            raise
        raise _damaged(source, error) from error


def _damaged(source: Source, error: Exception) -> InputError:
    return InputError(
        f"the {source.compression} data is damaged or cut short: {error}",
        where=source.where,
        remedy="Fetch or pack the file again.",
    )


def _standard_input(format: Format | None) -> Source:
    if format == "parquet":
        raise InputError(
            "Parquet cannot be read from standard input: its index is at the end",
            where=Where(STDIN_NAME),
            remedy="Save it to a file and name that.",
        )
    if format is None:
        peek = getattr(sys.stdin.buffer, "peek", None)
        format = sniff(peek(1)) if peek else "csv"
        if format == "parquet":
            return _standard_input(format)
    return Source(STDIN_NAME, None, format)


def _check_readable(path: Path) -> None:
    where = Where(path)
    if path.is_dir():
        raise InputError(
            "this is a folder, not a file",
            where=where,
            remedy=f"Name the files in it, such as {path}/*.parquet.",
        )
    if not path.exists():
        beside = (
            [found.name for found in path.parent.iterdir() if found.is_file()] if path.parent.is_dir() else []
        )
        raise InputError(
            "there is no such file",
            where=where,
            remedy=f"{nearest(path.name, beside)}Check the path.",
        )
    if not path.is_file():
        raise InputError(
            "this is a pipe or a device, not a file",
            where=where,
            remedy="Pipe it in, and name - as the file.",
        )
    if not os.access(path, os.R_OK):
        raise InputError("the file may not be read", where=where, remedy="Ask for the right to read it.")
    if path.stat().st_size == 0:
        raise InputError("the file is empty", where=where, remedy="Check how it was exported.")


def _refuse_other_formats(head: bytes, where: Where) -> None:
    for magic, (what, remedy) in OTHER_FORMATS.items():
        if head.startswith(magic):
            raise InputError(what, where=where, remedy=remedy)

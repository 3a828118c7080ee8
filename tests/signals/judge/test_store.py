"""What is forgotten is gone from the file, byte by byte, and what was spent stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidegate.errors import SignalError
from tidegate.signals.judge.store import forget, open_store

ANSWER = '{"evidence": "the trumpet of Ferdinand"}'


def bytes_in(folder: Path) -> bytes:
    return b"".join(one.read_bytes() for one in sorted(folder.iterdir()))


def test_forgotten_items_leave_no_word_and_no_id_behind(tmp_path: Path) -> None:
    path = tmp_path / "judge.sqlite"
    with open_store(path, 30) as store:
        store.reserve("judge", 700, 0.02, (1e9, 1e9))
        store.keep("k1", "judge", "post-to-erase", ANSWER, b"print-one", "", [1, 2])
        store.keep("k2", "judge", "post-to-erase", ANSWER, None, "", [])
        store.keep("k3", "judge", "another-post", "{}", b"print-two", "", [1, 3])
        # Whoever judges meanwhile has the file open.
        assert forget(path, ["post-to-erase", "unheard-of"]) == 2
        left = bytes_in(tmp_path)
        for gone in (b"post-to-erase", b"Ferdinand", b"print-one"):
            assert gone not in left
        assert b"another-post" in left
        assert (store.answer("k1"), store.answer("k3")) == (None, "{}")
        assert [key for key, *_ in store.alike("judge", [1, 2])] == ["k3"]
        assert store.spent("judge") == (700, 0.02)


def test_an_answer_that_was_on_its_way_is_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "judge.sqlite"
    with open_store(path, 30) as store:
        forget(path, ["post-to-erase"])
        store.keep("k1", "judge", "post-to-erase", ANSWER, None, "", [])
        assert store.answer("k1") is None
    assert b"post-to-erase" not in bytes_in(tmp_path)


def test_where_no_judge_kept_anything_no_file_is_made(tmp_path: Path) -> None:
    assert forget(tmp_path / "judge.sqlite", ["post"]) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_store_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "judge.sqlite").write_bytes(b"this is no database" * 100)
    with pytest.raises(SignalError, match="cannot be kept here"):
        forget(tmp_path / "judge.sqlite", ["post"])

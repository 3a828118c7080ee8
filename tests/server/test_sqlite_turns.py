"""On SQLite whoever writes takes turns: first come, first served, over threads and processes."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from tidegate.server.sqlite.turns import Turns

SOON_S = 10.0


@pytest.fixture
def turns(tmp_path: Path) -> Turns:
    return Turns(tmp_path / "turns")


def other_process(file: Path, work: str) -> subprocess.Popen[str]:
    begin = "import sys, time\nfrom pathlib import Path\nfrom tidegate.server.sqlite.turns import Turns\n"
    script = f"{begin}turns = Turns(Path({str(file)!r}))\n{textwrap.dedent(work)}"
    return subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_threads_are_let_in_as_they_came(turns: Turns) -> None:
    order: list[int] = []

    def work(number: int) -> None:
        assert turns.take(SOON_S)
        order.append(number)
        turns.give()

    assert turns.take(0)
    threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    for number, thread in enumerate(threads):
        thread.start()
        while len(turns._waiting) <= number:
            time.sleep(0.001)
    turns.give()
    for thread in threads:
        thread.join()
    assert order == list(range(20))


def test_nobody_is_in_while_another_one_is(turns: Turns, tmp_path: Path) -> None:
    """Threads of two processes read a number, wait, and write one more: none is lost."""
    number = tmp_path / "number"
    number.write_text("0")
    work = f"""
        import threading
        number = Path({str(number)!r})
        def count():
            for _ in range(20):
                assert turns.take(30)
                read = int(number.read_text())
                time.sleep(0.001)
                number.write_text(str(read + 1))
                turns.give()
        threads = [threading.Thread(target=count) for _ in range(4)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
    """
    with other_process(tmp_path / "turns", work) as one, other_process(tmp_path / "turns", work) as other:
        assert (one.wait(), other.wait()) == (0, 0)
    assert number.read_text() == str(2 * 4 * 20)


def test_a_wait_that_ends_leaves_the_queue_as_it_was(turns: Turns) -> None:
    assert turns.take(0)
    came: list[bool] = []
    thread = threading.Thread(target=lambda: came.append(turns.take(0.05)))
    thread.start()
    thread.join()
    assert came == [False]
    turns.give()
    assert turns.take(0)


def test_a_process_that_writes_all_the_while_lets_another_one_in(turns: Turns, tmp_path: Path) -> None:
    """After one or two turns; without the outer lock after dozens, by chance."""
    written = tmp_path / "written"
    work = f"""
        import threading
        written = open({str(written)!r}, "ab", buffering=0)
        def again_and_again():
            while True:
                assert turns.take(60)
                written.write(b".")
                time.sleep(0.01)
                turns.give()
        for _ in range(4):
            threading.Thread(target=again_and_again, daemon=True).start()
        print("busy", flush=True)
        sys.stdin.read()
    """
    with other_process(tmp_path / "turns", work) as busy:
        assert busy.stdout is not None
        assert busy.stdout.readline() == "busy\n"
        passed = []
        for _ in range(10):
            before = written.stat().st_size
            while written.stat().st_size <= before + 1:  # it is under way again
                time.sleep(0.001)
            before = written.stat().st_size
            assert turns.take(SOON_S)
            passed.append(written.stat().st_size - before)
            turns.give()
        busy.kill()
    assert sum(passed) <= 3 * len(passed)


def test_the_turn_of_a_process_that_dies_goes_to_the_next(turns: Turns, tmp_path: Path) -> None:
    work = """
        assert turns.take(0)
        print("in", flush=True)
        sys.stdin.read()
    """
    with other_process(tmp_path / "turns", work) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "in\n"
        assert not turns.take(0.05)
        holder.kill()
        assert turns.take(SOON_S)


@pytest.mark.usefixtures("inside")
def test_statements_that_write_and_transactions_give_their_turn_back(inside: Path) -> None:
    from django.db import IntegrityError, connection, transaction

    from tidegate.server.ledger.models import Head

    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL has many writers")
    from tidegate.server.sqlite.turns import turns_of

    turns = turns_of(Path(connection.settings_dict["NAME"]).resolve())

    def free() -> bool:
        came = turns.take(0)
        if came:
            turns.give()
        return came

    with transaction.atomic():
        assert not free()
        with transaction.atomic():
            assert Head.objects.filter(pk=1).exists()
        assert not free(), "an inner one is part of the outer one"
    assert free()
    Head.objects.filter(pk=0).update(number=0)
    assert free()
    with pytest.raises(IntegrityError):
        Head.objects.bulk_create([Head(pk=1, number=0, digest="")])
    assert free()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        raise ZeroDivisionError
    assert free()
    with transaction.atomic():
        connection.close()
    assert free()

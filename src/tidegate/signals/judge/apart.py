"""Running a coroutine to its end in a thread of its own, since the caller's may have a loop already."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

Found = TypeVar("Found")


def run_apart(work: Callable[[], Coroutine[Any, Any, Found]]) -> Found:
    """What the coroutine returns, or raises; Ctrl-C ends it."""
    answers: list[Found] = []
    errors: list[BaseException] = []
    loops: list[asyncio.AbstractEventLoop] = []

    def run() -> None:
        try:
            with asyncio.Runner() as runner:
                loops.append(runner.get_loop())
                answers.append(runner.run(work()))
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True, name="judge")
    thread.start()
    try:
        thread.join()
    except BaseException:
        for loop in loops:
            loop.call_soon_threadsafe(_cancel_all, loop)
        raise
    if errors:
        raise errors[0]
    return answers[0]


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()

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
    loop = asyncio.new_event_loop()

    def run() -> None:
        try:
            answers.append(loop.run_until_complete(work()))
        except BaseException as error:
            errors.append(error)
        finally:
            loop.close()

    thread = threading.Thread(target=run, daemon=True, name="judge")
    thread.start()
    try:
        thread.join()
    except BaseException:
        loop.call_soon_threadsafe(_cancel_all, loop)
        raise
    if errors:
        raise errors[0]
    return answers[0]


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()

"""How long a task took, from the raw events of the screen: on the wall, active, and idle.

The screen tells when the item was painted (0), when the window lost or regained the focus, each time that
something was pressed, moved or typed, and when the answer was given. Nothing but the paint starts the clock,
so that an item which waits in the browser has no time.

Time without the focus is idle. Between two signs of life with the focus all is active up to a limit that
knows how much there is to read: whoever reads a long post presses nothing for a while. Beyond it the time is
idle.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

PAINT, BLUR, FOCUS, SIGN, DECIDE = "paint", "blur", "focus", "input", "decide"
EVENTS = (PAINT, BLUR, FOCUS, SIGN, DECIDE)

LEAST_MS = 30_000
"""Nobody is idle sooner."""
MOST_MS = 300_000
MS_PER_CHARACTER = 80
"""A slow reader's pace: 150 words of 5 letters a minute. Chinese says in one character what English says in
about two or three, and is read at about the same pace of meaning: see `_CJK`."""
_CJK = 2.5


@dataclass(frozen=True)
class Times:
    """Milliseconds; `active_ms + idle_ms == wall_ms`."""

    wall_ms: int
    active_ms: int
    idle_ms: int


def idle_limit_ms(text: str) -> int:
    """After how long without a sign of life somebody who reads this text counts as away."""
    wide = sum("\u3040" <= letter <= "\u9fff" or "\uac00" <= letter <= "\ud7a3" for letter in text)
    characters = len(text) - wide + wide * _CJK
    return int(min(MOST_MS, LEAST_MS + characters * MS_PER_CHARACTER))


def times(screen: Iterable[tuple[str, int]], limit_ms: int) -> Times:
    """The times of one task.

    Args:
        screen: what happened, and how many milliseconds after the paint; in any order. What is not from the
        paint
            on, or after the last decision, is left out.
        limit_ms: see `idle_limit_ms`.
    """
    events = sorted((at, what) for what, at in screen if at >= 0)
    ends = [at for at, what in events if what == DECIDE]
    end = ends[-1] if ends else (events[-1][0] if events else 0)
    active, here, since = 0, True, 0
    for at, what in events:
        if at > end:
            break
        if here:
            active += min(at - since, limit_ms)
        since = at
        if what in (BLUR, FOCUS):
            here = what == FOCUS
    return Times(end, active, end - active)

"""Why there is no verdict. A reason never holds a word of the item or of the answer."""

from __future__ import annotations


class NoVerdictError(Exception):
    """The judge has no answer to an item, for a reason.

    Attributes:
        again: whether the same request may do better a moment later.
        wait_s: how long the server asks to wait before that; None where it does not say.
        server: whether the server is to blame, so that many in a row say that it is down.
        billed: whether the request may be charged for all the same.
    """

    def __init__(
        self,
        reason: str,
        *,
        again: bool = False,
        wait_s: float | None = None,
        server: bool = False,
        billed: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.again = again
        self.wait_s = wait_s
        self.server = server
        self.billed = billed

"""Drawing the audit sample: a hash of seed and id decides, so a replay draws the same items."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import polars as pl

from tidegate.errors import MeasureError, Where


def draw(item_ids: pl.Series, p: npt.ArrayLike, seed: str | int) -> npt.NDArray[np.bool_]:
    """Which items are drawn: item i with probability p_i, independently of all others.

    The draw depends on the seed and the id alone. It is therefore the same in any order and batch, and an
    item that is drawn at probability p is also drawn at every higher one (permanent random numbers; K. R. W.
    Brewer, L. J. Early and S. F. Joyce, 1972).

    Args:
        item_ids: (n,) strings.
        p: (n,) probabilities.
        seed: any text or number; keep it from those who could choose ids to escape an audit.

    Returns:
        (n,) True where drawn.
    """
    probability = np.asarray(p, dtype=np.float64)
    if probability.shape != (len(item_ids),):
        raise MeasureError(
            f"{len(item_ids)} items but probabilities of shape {probability.shape}",
            where=Where(field="p"),
            remedy="Give each item its probability.",
        )
    return uniforms(item_ids, seed) < probability


def uniforms(item_ids: pl.Series, seed: str | int) -> npt.NDArray[np.float64]:
    """(n,) numbers in [0, 1), a keyed hash of each id."""
    keyed = blake2b(digest_size=8, key=blake2b(str(seed).encode(), digest_size=32).digest())

    def digest(item_id: str) -> bytes:
        hasher = keyed.copy()
        hasher.update(item_id.encode("utf-8", "surrogatepass"))
        return hasher.digest()

    digests = b"".join(map(digest, item_ids.cast(pl.String).to_list()))
    # The upper 53 bits are what a double holds without rounding up to 1.
    return (np.frombuffer(digests, dtype=">u8") >> np.uint64(11)).astype(np.float64) * 2.0**-53

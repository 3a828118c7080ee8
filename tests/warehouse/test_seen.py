"""Which ids a run has met."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from tidegate.warehouse.seen import SeenIds


@given(st.lists(st.lists(st.integers(0, 60).map(str), max_size=30), max_size=12))
def test_an_id_is_known_exactly_when_it_came_before(batches):
    seen, met = SeenIds(), set()
    for batch in batches:
        expected = []
        for one in batch:
            expected.append(one in met)
            met.add(one)
        assert seen.add(pl.Series(batch, dtype=pl.String)).to_list() == expected
    assert len(seen) == len(met)


def test_a_million_ids_take_eight_bytes_each_in_a_few_arrays():
    seen = SeenIds()
    for start in range(0, 1_000_000, 20_000):
        ids = pl.int_range(start, start + 20_000, eager=True).cast(pl.String)
        assert not seen.add(ids).any()
    assert sum(level.nbytes for level in seen._levels) == 8_000_000
    assert len(seen._levels) <= 8
    assert seen.add(pl.Series(["0", "999999", "1000000"])).to_list() == [True, True, False]

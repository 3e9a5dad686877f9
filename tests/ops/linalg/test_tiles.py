"""How products are cut: tiles within their limits."""

import cltensor as ct
from cltensor.lazy.grids import ceil_div
from cltensor.ops.linalg.tiles import accumulator, equal_parts, packed_plan, vector_width


def test_plan_fits_its_limits():
    for m, n, k in [(1, 1, 1), (1000, 7, 3), (7, 1000, 5000), (4096, 4096, 4096)]:
        for cap, kc_cap, cores in [(2000, 96, 1), (100000, 256, 64)]:
            mc, nc, kc, part = packed_plan(m, n, k, 1, 6, 16, cap, kc_cap, cores, cores > 1, m < 9)
            assert mc % 6 == 0
            assert nc % 16 == 0
            assert 0 < kc <= kc_cap
            assert mc * kc <= cap
            assert 0 < part <= k


def test_parts_cover_the_whole_and_differ_by_less_than_their_number():
    for total in (1, 7, 96, 97, 1000):
        for most in (1, 6, 97, 5000):
            part = equal_parts(total, most)
            assert part <= most
            assert 0 <= part * ceil_div(total, part) - total < ceil_div(total, part)


def test_halves_are_summed_as_floats():
    assert accumulator(ct.float16) == ct.float32
    assert accumulator(ct.float64) == ct.float64
    assert [vector_width(kind) for kind in (ct.float16, ct.float32, ct.float64)] == [8, 8, 4]

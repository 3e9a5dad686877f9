"""The plan of buckets; what they do is in test_ddp.py."""

from cltensor import dtypes, nn
from cltensor.nn.buckets import FIRST, plan
from cltensor.ops.create import zeros


def sizes(buckets):
    return [[name for name, _ in bucket] for bucket in buckets]


def test_the_last_parameters_come_first_and_the_first_bucket_is_small():
    count = FIRST // 4
    params = [(f"p{k}", nn.Parameter(zeros(count // 2))) for k in range(12)]
    found = plan(params, 2 * FIRST)
    assert sizes(found) == [["p11", "p10"], ["p9", "p8", "p7", "p6"], ["p5", "p4", "p3", "p2"],
                            ["p1", "p0"]]  # fmt: skip
    large = [("large", nn.Parameter(zeros(5 * count))), *params[:1]]
    assert sizes(plan(large, FIRST)) == [["p0", "large"]]


def test_a_bucket_has_one_dtype_and_complex_ones_are_alone():
    kinds = (dtypes.float32, dtypes.float32, dtypes.float16, dtypes.complex64, dtypes.complex64)
    params = [(f"p{k}", nn.Parameter(zeros(2, dtype=kind))) for k, kind in enumerate(kinds)]
    assert sizes(plan(params, FIRST)) == [["p4"], ["p3"], ["p2"], ["p1", "p0"]]

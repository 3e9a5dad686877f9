"""Copies of views own their elements."""

import pytest
from leaves import leaf

import cltensor as ct

CALLS = {
    "alias": (),
    "as_strided": ((2, 3), (4, 1), 1),
    "detach": (),
    "diagonal": (1,),
    "expand": ((2, 3, 4),),
    "narrow": (1, 0, 2),
    "permute": ((1, 0),),
    "select": (0, 1),
    "split": (2, 1),
    "split_with_sizes": ([1, 3], 1),
    "squeeze": (0,),
    "t": (),
    "transpose": (0, 1),
    "unbind": (1,),
    "unfold": (1, 2, 1),
    "unsqueeze": (0,),
    "view": ((2, 6),),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_copy_has_the_elements_of_the_view(device, name):
    x = leaf([[1.0, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]])
    args = ((3, 4), 0)[: len(CALLS[name])] if name == "expand" else CALLS[name]
    got = getattr(ct, f"{name}_copy")(x, *args)
    want = x if name == "alias" else getattr(x, name)(*args)
    pairs = zip(got, want, strict=True) if isinstance(got, tuple) else [(got, want)]
    for a, b in pairs:
        assert a.tolist() == b.tolist()
        assert a.requires_grad is (name != "detach")
        assert a.detach().buffer is not x.detach().buffer

"""A choice that may be made."""

import pytest

import cltensor as ct
from cltensor.nn import functional as F
from cltensor.nn.attention import SDPBackend, sdpa_kernel


def test_attention_is_the_same():
    q = ct.randn(1, 2, 4, 8)
    with sdpa_kernel([SDPBackend.FLASH_ATTENTION, SDPBackend.MATH]):
        inside = F.scaled_dot_product_attention(q, q, q)
    assert ct.equal(inside, F.scaled_dot_product_attention(q, q, q))
    with pytest.raises(TypeError, match="'flash' is no SDPBackend"), sdpa_kernel("flash"):
        pass

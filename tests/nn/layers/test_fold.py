"""Windows as columns, and back."""

import cltensor as ct
from cltensor import nn


def test_windows_and_their_sums():
    x = ct.arange(6).float().reshape(1, 1, 2, 3)
    columns = nn.Unfold((2, 2))(x)
    assert columns.tolist() == [[[0, 1], [1, 2], [3, 4], [4, 5]]]
    assert nn.Fold((2, 3), 2)(columns).tolist() == [[[[0, 2, 2], [3, 8, 5]]]]
    assert repr(nn.Unfold(2)) == "Unfold(kernel_size=2, dilation=1, padding=0, stride=1)"
    shown = "Fold(output_size=4, kernel_size=2, dilation=1, padding=0, stride=2)"
    assert repr(nn.Fold(4, 2, stride=2)) == shown

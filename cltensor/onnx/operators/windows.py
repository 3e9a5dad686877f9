"""What convolutions and pooling share: where their windows lie."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

from cltensor.onnx.functions import main as ct


@dataclass
class Windows:
    """The windows over the last axes: a number for each axis, padding before and behind it, and
    how many elements more, or fewer, the last windows take (`beyond`, with ceil_mode)."""

    kernel: list[int]
    strides: list[int]
    dilations: list[int]
    before: list[int]
    behind: list[int]
    beyond: list[int]

    @property
    def is_plain(self) -> bool:
        """Whether padding is the same at both ends, and no window lies over the end."""
        return self.before == self.behind and not any(self.beyond)

    def counts(self, sizes: Any) -> list[int]:
        """How many windows there are along each axis."""
        return [
            (n + b + e + y - ((k - 1) * d + 1)) // s + 1
            for n, b, e, y, k, d, s in zip(
                sizes, self.before, self.behind, self.beyond, self.kernel, self.dilations,
                self.strides, strict=True,
            )
        ]  # fmt: skip

    def parts(self, padded: Any) -> Any:
        """For each place in a window, the elements there of all windows of a padded tensor."""
        lead = padded.ndim - len(self.kernel)
        free = [0] * len(self.kernel)
        plain = Windows(self.kernel, self.strides, self.dilations, free, free, free)
        counts = plain.counts(padded.shape[lead:])
        for place in product(*map(range, self.kernel)):
            key = [slice(None)] * lead
            for i, d, s, n in zip(place, self.dilations, self.strides, counts, strict=True):
                key.append(slice(i * d, i * d + (n - 1) * s + 1, s))
            yield padded[tuple(key)]


def windows(
    sizes: Any, kernel: list[int], strides: list[int] | None, pads: list[int] | None,
    dilations: list[int] | None, auto_pad: str, ceil: bool = False,
) -> Windows:  # fmt: skip
    """The windows that a node's attributes describe, over axes of `sizes`."""
    n = len(kernel)
    strides, dilations = strides or [1] * n, dilations or [1] * n
    if not len(strides) == len(dilations) == len(sizes) == n:
        raise ValueError(f"a window {kernel} with strides {strides} over {len(sizes)} axes")
    if min([*kernel, *strides, *dilations]) < 1:
        raise ValueError(f"a window {kernel} with strides {strides} and dilations {dilations}")
    before, behind, beyond = [0] * n, [0] * n, [0] * n
    if auto_pad in ("SAME_UPPER", "SAME_LOWER"):
        for i in range(n):
            reach = (kernel[i] - 1) * dilations[i] + 1
            total = max((-(-sizes[i] // strides[i]) - 1) * strides[i] + reach - sizes[i], 0)
            small, large = total // 2, total - total // 2
            before[i], behind[i] = (small, large) if auto_pad == "SAME_UPPER" else (large, small)
    elif auto_pad == "NOTSET":
        pads = pads or [0] * 2 * n
        if len(pads) != 2 * n:
            raise ValueError(f"{len(pads)} paddings for {n} axes")
        before, behind = list(pads[:n]), list(pads[n:])
    elif auto_pad != "VALID":
        raise ValueError(f"auto_pad is {auto_pad!r}")
    if ceil:
        for i in range(n):
            reach = (kernel[i] - 1) * dilations[i] + 1
            over = sizes[i] + before[i] + behind[i] - reach
            last = -(-over // strides[i]) * strides[i]
            if last >= sizes[i] + before[i]:  # a window begins inside, or before
                last -= strides[i]
            beyond[i] = 0 if last == over // strides[i] * strides[i] else last - over
    return Windows(kernel, strides, dilations, before, behind, beyond)


def padded(x: Any, around: Windows, value: Any, beyond: bool = True) -> Any:
    """`x` with `value` around its last axes, where the windows reach."""
    from cltensor.nn.functional import pad

    ends = [e + y for e, y in zip(around.behind, around.beyond, strict=True)]
    ends = ends if beyond else around.behind
    flat = [n for pair in zip(around.before[::-1], ends[::-1], strict=True) for n in pair]
    return pad(x, tuple(flat), "constant", value) if any(flat) else x


def least(dtype: Any) -> Any:
    """What is no larger than any element of a dtype."""
    return float("-inf") if dtype.kind == "f" else ct.iinfo(dtype).min

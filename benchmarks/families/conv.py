"""Convolutions, forward alone and with both gradients."""

from typing import Any

from benchmarks.case import Case, Library

FAMILY = "conv"

#: name: images (N, C, H, W), filters (O, C / groups, height, width), stride, padding
_LAYERS = {
    "LeNet 1": ((64, 1, 28, 28), (6, 1, 5, 5), 1, 2),
    "LeNet 2": ((64, 6, 14, 14), (16, 6, 5, 5), 1, 0),
    "3x3 64ch 16px": ((64, 64, 16, 16), (64, 64, 3, 3), 1, 1),
    "3x3 3->32 32px": ((64, 3, 32, 32), (32, 3, 3, 3), 1, 1),
    "3x3 64ch 32px, batch 32": ((32, 64, 32, 32), (64, 64, 3, 3), 1, 1),
    "3x3 64->128 8px": ((64, 64, 8, 8), (128, 64, 3, 3), 1, 1),
    "1x1 64->128 16px": ((64, 64, 16, 16), (128, 64, 1, 1), 1, 0),
    "5x5 32ch 16px": ((64, 32, 16, 16), (32, 32, 5, 5), 1, 2),
    "3x3 stride 2 64->128 16px": ((64, 64, 16, 16), (128, 64, 3, 3), 2, 1),
    "3x3 depthwise 64ch 16px": ((64, 64, 16, 16), (64, 1, 3, 3), 1, 1),
}


def _case(name: str, gradients: bool) -> Case:
    image, filters, stride, padding = _LAYERS[name]
    groups = image[1] // filters[1]
    n, _, height, width = image
    out, channels, rows, columns = filters
    down = (height + 2 * padding - rows) // stride + 1
    across = (width + 2 * padding - columns) // stride + 1
    work = 2.0 * n * down * across * out * channels * rows * columns

    def build(lib: Library):
        x, w = lib.normal(*image), lib.normal(*filters)

        def forward(x: Any, w: Any):
            return lib.nn.functional.conv2d(x, w, None, stride, padding, 1, groups)

        if gradients:
            return lib.with_gradients(forward, [x, w], (n, out, down, across))
        return lambda: forward(x, w)

    return Case(
        FAMILY,
        f"{name}, {'forward and backward' if gradients else 'forward'}",
        build,
        3 * work if gradients else work,
        "GFLOP/s",
        rivals=("torch",),
    )


def cases() -> list[Case]:
    """The cases of this family."""
    return [_case(name, gradients) for name in _LAYERS for gradients in (False, True)]

"""Convolutions, forward alone and with both gradients."""

from benchmarks.case import Case, Library

FAMILY = "conv"

#: name: images (N, C, H, W), filters (O, C, height, width), stride, padding
_LAYERS = {
    "LeNet 1": ((64, 1, 28, 28), (6, 1, 5, 5), 1, 2),
    "LeNet 2": ((64, 6, 14, 14), (16, 6, 5, 5), 1, 0),
    "3x3 64ch 16px": ((64, 64, 16, 16), (64, 64, 3, 3), 1, 1),
    "3x3 64->128 8px": ((64, 64, 8, 8), (128, 64, 3, 3), 1, 1),
    "1x1 64->128 16px": ((64, 64, 16, 16), (128, 64, 1, 1), 1, 0),
}


def _case(name: str, gradients: bool) -> Case:
    image, filters, stride, padding = _LAYERS[name]

    def build(lib: Library):
        functional = lib.m.nn.functional
        x, w = lib.normal(*image), lib.normal(*filters)

        def forward():
            return functional.conv2d(x, w, None, stride, padding)

        if not gradients:
            return forward
        x, w = lib.require_grad(x), lib.require_grad(w)
        seed = lib.normal(*forward().shape)
        return lambda: lib.gradients(forward(), [x, w], seed)

    n, _, height, width = image
    out, channels, rows, columns = filters
    pixels = ((height + 2 * padding - rows) // stride + 1) * (
        (width + 2 * padding - columns) // stride + 1
    )
    work = 2.0 * n * pixels * out * channels * rows * columns
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

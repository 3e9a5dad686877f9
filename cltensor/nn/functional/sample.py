"""Images read at places between pixels."""

from __future__ import annotations

from typing import Any

from cltensor.core.composite import composite
from cltensor.core.op import same_device, same_dtype
from cltensor.core.tensor import Tensor
from cltensor.errors import ShapeError
from cltensor.ops.network.sample import MODES, PADDINGS, sampled


@composite(method=False)
def grid_sample(
    input: Any,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """Images read at the places of a grid, between pixels.

    Args:    input (N, C, H, W); grid (N, I, J, 2): x and y from -1 to 1, the borders of the image,
             or the centers of its outer pixels if align_corners. Or input (N, C, D, H, W) and grid
             (N, I, J, K, 3): x, y and z. mode: "bilinear", "nearest" or (for images) "bicubic";
             padding_mode: what is read outside, "zeros", "border" or "reflection".
    Returns: (N, C, I, J) or (N, C, I, J, K).
    Raises:  ShapeError, ValueError for arguments that do not fit.

    >>> grid = F.affine_grid(
    ...     ct.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]), (1, 1, 2, 2), align_corners=True
    ... )
    >>> F.grid_sample(ct.arange(4.0).reshape(1, 1, 2, 2), grid, align_corners=True)
    tensor([[[[0., 1.],
              [2., 3.]]]])
    """
    name, axes = "grid_sample", input.ndim - 2
    if axes not in (2, 3) or grid.ndim != axes + 2 or grid.shape[-1] != axes:
        raise ShapeError(
            f"{name}: input has shape {tuple(input.shape)}, grid {tuple(grid.shape)}; give "
            "(N, C, H, W) and (N, I, J, 2), or one axis more and 3"
        )
    if grid.shape[0] != input.shape[0] or 0 in input.shape[1:]:
        raise ShapeError(
            f"{name}: input of shape {tuple(input.shape)} and grid of {tuple(grid.shape)}; both "
            "need the same batch, and images pixels"
        )
    if mode not in MODES or (mode == "bicubic" and axes == 3):
        raise ValueError(f"{name}: mode is {mode!r}; use one of {MODES}, for volumes the first two")
    if padding_mode not in PADDINGS:
        raise ValueError(f"{name}: padding_mode is {padding_mode!r}; use one of {PADDINGS}")
    same_device(name, input, grid)
    same_dtype(name, input, grid)
    return sampled(input, grid, mode, padding_mode, bool(align_corners))

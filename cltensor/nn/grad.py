"""`nn.grad`: the two gradients of convolutions, for a `Function` whose backward needs them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cltensor.autograd import enable_grad, grad, is_grad_enabled
from cltensor.core.tensor import Tensor
from cltensor.nn import functional as F
from cltensor.ops.create import full

__all__ = [
    "conv1d_input",
    "conv1d_weight",
    "conv2d_input",
    "conv2d_weight",
    "conv3d_input",
    "conv3d_weight",
]


def _gradient(
    call: Callable[[Tensor], Tensor], size: Sequence[int], like: Tensor, grad_output: Tensor
) -> Any:
    """That of a function which is linear in a tensor of that size, so at zeros as anywhere."""
    with enable_grad():
        x = full(tuple(size), 0, like.dtype, like.device).requires_grad_()
        out = call(x)
    return grad(out, x, grad_output, create_graph=is_grad_enabled())[0]


def _by_input(convolve: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def gradient(
        input_size: Sequence[int], weight: Tensor, grad_output: Tensor, stride: Any = 1,
        padding: Any = 0, dilation: Any = 1, groups: int = 1,
    ) -> Any:  # fmt: skip
        options = (None, stride, padding, dilation, groups)
        return _gradient(lambda x: convolve(x, weight, *options), input_size, weight, grad_output)

    return _called(gradient, convolve.__name__, "input")


def _by_weight(convolve: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def gradient(
        input: Tensor, weight_size: Sequence[int], grad_output: Tensor, stride: Any = 1,
        padding: Any = 0, dilation: Any = 1, groups: int = 1,
    ) -> Any:  # fmt: skip
        options = (None, stride, padding, dilation, groups)
        return _gradient(lambda w: convolve(input, w, *options), weight_size, input, grad_output)

    return _called(gradient, convolve.__name__, "weight")


def _called(gradient: Callable[..., Tensor], of: str, by: str) -> Callable[..., Tensor]:
    gradient.__name__ = gradient.__qualname__ = f"{of}_{by}"
    gradient.__doc__ = f"""The gradient of `functional.{of}` with respect to its {by}.

    Args:    {by}_size: the shape of the {by}; grad_output: the gradient of the result; the others
             are as for the convolution.
    """
    return gradient


conv1d_input, conv1d_weight = _by_input(F.conv1d), _by_weight(F.conv1d)
conv2d_input, conv2d_weight = _by_input(F.conv2d), _by_weight(F.conv2d)
conv3d_input, conv3d_weight = _by_input(F.conv3d), _by_weight(F.conv3d)

"""Layers that learn at their first input how many features come in, and are plain layers then."""

from __future__ import annotations

from typing import Any

from cltensor.autograd import no_grad
from cltensor.core.size import Size
from cltensor.errors import ShapeError
from cltensor.nn.layers import conv, linear, norm
from cltensor.nn.module import Module
from cltensor.nn.parameter import UninitializedBuffer, UninitializedParameter, is_lazy
from cltensor.ops.create import tensor


class LazyModule(Module):
    """What such layers share.

    Its parameters may be moved, cast and given to an optimizer before the first input, which draws
    their initial values as the plain layer does. A state may be loaded before, of a plain layer or
    of a lazy one; the first input then has as many features as that.
    """

    #: The plain layer; where the features are in what comes in, from the end.
    cls_to_become: Any
    _axis = -1

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__()
        self._given = args, options
        device, dtype = options.get("device"), options.get("dtype")
        for name in self._named(options):
            self.register_parameter(name, UninitializedParameter(True, device, dtype))

    @staticmethod
    def _named(options: dict[str, Any]) -> list[str]:
        """The names of the parameters that there will be."""
        return ["weight", "bias"] if options.get("bias", True) else ["weight"]

    def has_uninitialized_params(self) -> bool:
        """Whether nothing came in yet, and no state was loaded."""
        return any(map(is_lazy, (*self._parameters.values(), *self._buffers.values())))

    def initialize_parameters(self, input: Any) -> None:
        """Be a plain layer for inputs like this one.

        Raises:  ShapeError for an input without an axis of features, or with others than the state
                 that was loaded is for.
        """
        if input.dim() < -self._axis:
            raise ShapeError(
                f"{type(self).__name__}: an input of shape {Size(input.shape)} has no axis "
                f"{self._axis}, where the features are"
            )
        args, options = self._given
        mine = [p for p in self._parameters.values() if p is not None]
        if mine:
            options = {**options, "device": mine[0].device, "dtype": mine[0].dtype}
        real = self.cls_to_become(int(input.shape[self._axis]), *args, **options)
        for table in ("_parameters", "_buffers"):
            for name, made in getattr(real, table).items():
                self._check_loaded(name, getattr(self, table).get(name), made, input)
        for name, made in real._parameters.items():
            held = self._parameters.get(name)
            if made is None or held is None:
                self.register_parameter(name, made)
            elif isinstance(held, UninitializedParameter):
                held.materialize(made.shape)
                with no_grad():
                    held.copy_(made)
        for name, buffer in real._buffers.items():
            held = self._buffers.get(name)
            if held is None or is_lazy(held):
                self.register_buffer(name, buffer)
        own = vars(self)
        own.update({name: value for name, value in vars(real).items() if name not in own})
        del own["_given"]
        self.__class__ = self.cls_to_become

    def _check_loaded(self, name: str, held: Any, made: Any, input: Any) -> None:
        """Raise ShapeError where a state was loaded that is not for such an input."""
        if held is None or made is None or is_lazy(held) or held.shape == made.shape:
            return
        raise ShapeError(
            f"{type(self).__name__}: an input of shape {Size(input.shape)} wants {name} of shape "
            f"{Size(made.shape)}; the state that was loaded has {Size(held.shape)}"
        )

    def forward(self, input: Any) -> Any:
        """What the plain layer gives, which this is from now on."""
        self.initialize_parameters(input)
        return self.forward(input)

    def extra_repr(self) -> str:
        """The arguments that were given."""
        args, options = self._given
        return ", ".join([*map(repr, args), *(f"{k}={v!r}" for k, v in options.items())])


class LazyLinear(LazyModule):
    """A `Linear` whose in_features are those of its first input.

    >>> layer = nn.LazyLinear(4)
    >>> layer(ct.ones(2, 3)).shape, layer.weight.shape
    (Size([2, 4]), Size([4, 3]))
    """

    cls_to_become = linear.Linear

    def __init__(
        self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(out_features, bias=bias, device=device, dtype=dtype)


class _LazyConv(LazyModule):
    def __init__(
        self,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        more = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        more |= {"bias": bias, "padding_mode": padding_mode, "device": device, "dtype": dtype}
        super().__init__(out_channels, kernel_size, **more)


class _LazyConvTranspose(LazyModule):
    def __init__(
        self,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        more = {"stride": stride, "padding": padding, "output_padding": output_padding}
        more |= {"groups": groups, "bias": bias, "dilation": dilation}
        more |= {"padding_mode": padding_mode, "device": device, "dtype": dtype}
        super().__init__(out_channels, kernel_size, **more)

    def forward(self, input: Any, output_size: Any = None) -> Any:
        """What the plain layer gives, which this is from now on."""
        self.initialize_parameters(input)
        return self.forward(input, output_size)


class LazyConv1d(_LazyConv):
    """A `Conv1d` whose in_channels are those of its first input.

    >>> nn.LazyConv1d(4, 3)(ct.ones(1, 2, 8)).shape
    Size([1, 4, 6])
    """

    cls_to_become = conv.Conv1d
    _axis = -2


class LazyConv2d(_LazyConv):
    """A `Conv2d` whose in_channels are those of its first input.

    >>> nn.LazyConv2d(4, 3)(ct.ones(1, 2, 8, 8)).shape
    Size([1, 4, 6, 6])
    """

    cls_to_become = conv.Conv2d
    _axis = -3


class LazyConv3d(_LazyConv):
    """A `Conv3d` whose in_channels are those of its first input.

    >>> nn.LazyConv3d(4, 3)(ct.ones(1, 2, 4, 4, 4)).shape
    Size([1, 4, 2, 2, 2])
    """

    cls_to_become = conv.Conv3d
    _axis = -4


class LazyConvTranspose1d(_LazyConvTranspose):
    """A `ConvTranspose1d` whose in_channels are those of its first input.

    >>> nn.LazyConvTranspose1d(4, 3)(ct.ones(1, 2, 8)).shape
    Size([1, 4, 10])
    """

    cls_to_become = conv.ConvTranspose1d
    _axis = -2


class LazyConvTranspose2d(_LazyConvTranspose):
    """A `ConvTranspose2d` whose in_channels are those of its first input.

    >>> nn.LazyConvTranspose2d(4, 3)(ct.ones(1, 2, 8, 8)).shape
    Size([1, 4, 10, 10])
    """

    cls_to_become = conv.ConvTranspose2d
    _axis = -3


class LazyConvTranspose3d(_LazyConvTranspose):
    """A `ConvTranspose3d` whose in_channels are those of its first input.

    >>> nn.LazyConvTranspose3d(4, 3)(ct.ones(1, 2, 4, 4, 4)).shape
    Size([1, 4, 6, 6, 6])
    """

    cls_to_become = conv.ConvTranspose3d
    _axis = -4


class _LazyNorm(LazyModule):
    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            eps=eps,
            momentum=momentum,
            affine=affine,
            track_running_stats=track_running_stats,
            device=device,
            dtype=dtype,
            bias=bias,
        )
        if track_running_stats:
            for name in ("running_mean", "running_var"):
                self.register_buffer(name, UninitializedBuffer(False, device, dtype))
            self.register_buffer("num_batches_tracked", tensor(0, device=device))

    @staticmethod
    def _named(options: dict[str, Any]) -> list[str]:
        return LazyModule._named(options) if options["affine"] else []

    def initialize_parameters(self, input: Any) -> None:
        """See LazyModule; the features are at axis 1."""
        if input.dim() < 2:
            raise ShapeError(
                f"{type(self).__name__}: an input of shape {Size(input.shape)} has no axis 1, "
                "where the features are"
            )
        self.__dict__["_axis"] = 1 - input.dim()
        super().initialize_parameters(input)
        self.__dict__.pop("_axis", None)


class LazyBatchNorm1d(_LazyNorm):
    """A `BatchNorm1d` whose num_features are those of its first input.

    >>> nn.LazyBatchNorm1d()(ct.rand(4, 3)).shape
    Size([4, 3])
    """

    cls_to_become = norm.BatchNorm1d


class LazyBatchNorm2d(_LazyNorm):
    """A `BatchNorm2d` whose num_features are those of its first input.

    >>> nn.LazyBatchNorm2d()(ct.rand(4, 3, 2, 2)).shape
    Size([4, 3, 2, 2])
    """

    cls_to_become = norm.BatchNorm2d


class LazyBatchNorm3d(_LazyNorm):
    """A `BatchNorm3d` whose num_features are those of its first input.

    >>> nn.LazyBatchNorm3d()(ct.rand(4, 3, 2, 2, 2)).shape
    Size([4, 3, 2, 2, 2])
    """

    cls_to_become = norm.BatchNorm3d


class LazyInstanceNorm1d(_LazyNorm):
    """An `InstanceNorm1d` whose num_features are those of its first input.

    >>> nn.LazyInstanceNorm1d()(ct.rand(4, 3, 5)).shape
    Size([4, 3, 5])
    """

    cls_to_become = norm.InstanceNorm1d


class LazyInstanceNorm2d(_LazyNorm):
    """An `InstanceNorm2d` whose num_features are those of its first input.

    >>> nn.LazyInstanceNorm2d()(ct.rand(4, 3, 5, 5)).shape
    Size([4, 3, 5, 5])
    """

    cls_to_become = norm.InstanceNorm2d


class LazyInstanceNorm3d(_LazyNorm):
    """An `InstanceNorm3d` whose num_features are those of its first input.

    >>> nn.LazyInstanceNorm3d()(ct.rand(4, 3, 5, 5, 5)).shape
    Size([4, 3, 5, 5, 5])
    """

    cls_to_become = norm.InstanceNorm3d

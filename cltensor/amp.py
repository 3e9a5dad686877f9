"""`ct.amp`: mixed precision under PyTorch's names.

Weights stay float32; inside `autocast` products and convolutions take and give 16 bits, which is
half the memory for what a network keeps for backward, on any device. Small gradients vanish in
float16 (not in bfloat16), unless `GradScaler` makes them larger meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial, wraps
from sys import modules as _modules
from typing import Any

import numpy as np

from cltensor.autograd import no_grad
from cltensor.core.casting import casting, switch
from cltensor.core.changes import GuardedByName, never_replay
from cltensor.core.names import name_all as _name_all
from cltensor.core.paths import place as _place
from cltensor.core.suggestions import suggest as _suggest
from cltensor.core.tensor import Tensor
from cltensor.core.trees import mapped
from cltensor.dtypes import as_dtype, bfloat16, float16, float32
from cltensor.errors import DeviceError, DTypeError, StateError
from cltensor.nn.utils.clip_grad import get_total_norm
from cltensor.runtime.device import devices, recording

__all__ = [
    "GradScaler",
    "autocast",
    "custom_bwd",
    "custom_fwd",
    "get_autocast_dtype",
    "is_autocast_available",
    "is_autocast_enabled",
]

_DEFAULTS = {"gpu": float16, "accelerator": float16, "other": float16, "cpu": bfloat16}
_GPUS = ("cuda", "gpu", "xpu", "mps", "hip", "opencl")


def _kind(operation: str, device_type: Any) -> str:
    """The kind of device that a name means."""
    name = str(getattr(device_type, "type", device_type)).partition(":")[0]
    kind = "gpu" if name in _GPUS else name
    if kind not in _DEFAULTS:
        raise ValueError(
            f"{operation}: device_type is {device_type!r}; give 'cuda' (any GPU), 'cpu' or "
            "'accelerator'"
        )
    return kind


class autocast:
    """A block, or a function, in which products and convolutions compute with 16 bits.

    Inside, `linear`, `matmul`, convolutions and the like cast their float32 operands to `dtype` and
    give it; losses, softmax, norms, sums, `exp` and `log` cast 16 bits to float32 and give that;
    everything else goes by its operands. Gradients have the dtypes of what they belong to. Call
    backward outside; inside, it computes as if it were outside.

    Args:    device_type: "cuda" for GPUs of any maker, "cpu", a kind of device: tensors elsewhere
             are left alone;  dtype: float16 (the default of GPUs) or bfloat16 (that of CPUs);
             enabled: False for what it would be without;  cache_enabled: PyTorch's, of no effect:
             a cast of weights is part of the kernel that packs them, or a short one of its own.
    Raises:  ValueError for another device_type, DTypeError for another dtype.

    >>> x = ct.ones(2, 2)
    >>> with ct.autocast(x.device.type, dtype=ct.float16):
    ...     print((x @ x).dtype)
    ...
    float16
    """

    def __init__(
        self,
        device_type: Any = "cuda",
        dtype: Any = None,
        enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:
        self._kind = _kind("autocast", device_type)
        self.fast_dtype = _DEFAULTS[self._kind] if dtype is None else as_dtype(dtype)
        if enabled and self.fast_dtype not in (float16, bfloat16):
            raise DTypeError(f"autocast: dtype is {self.fast_dtype}; give float16 or bfloat16")
        self._enabled = enabled
        self._before: list[Any] = []

    def __enter__(self) -> autocast:
        now = dict(casting.dtypes or {})
        now.pop(self._kind, None)
        if self._enabled:
            now[self._kind] = self.fast_dtype
        self._before.append(switch(now))
        return self

    def __exit__(self, *error: object) -> None:
        switch(self._before.pop())

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with autocast(self._kind, self.fast_dtype, self._enabled):
                return function(*args, **kwargs)

        return inside


def is_autocast_enabled(device_type: Any = None) -> bool:
    """Whether this thread is inside `autocast`, for that kind of device (None: GPUs).

    >>> ct.is_autocast_enabled()
    False
    """
    kind = "gpu" if device_type is None else _kind("is_autocast_enabled", device_type)
    return kind in (casting.dtypes or {})


def get_autocast_dtype(device_type: Any) -> np.dtype:
    """The dtype that `autocast` has there, or would have.

    >>> ct.get_autocast_dtype("cpu")
    dtype(bfloat16)
    """
    kind = _kind("get_autocast_dtype", device_type)
    return (casting.dtypes or {}).get(kind, _DEFAULTS[kind])


def is_autocast_available(device_type: Any) -> bool:
    """Whether there is such a device.

    >>> ct.amp.is_autocast_available("cuda") == ct.cuda.is_available()
    True
    """
    kind = _kind("is_autocast_available", device_type)
    return any(device.kind == kind for device in devices())


def custom_fwd(
    fwd: Callable[..., Any] | None = None, *, device_type: Any, cast_inputs: Any = None
) -> Callable[..., Any]:
    """Decorator for the forward of a `Function`: its tensors as `cast_inputs`, with autocast off;
    without cast_inputs, as it is where it is called.

    >>> x = ct.ones(2, dtype=ct.bfloat16)
    >>> kind = x.device.kind
    >>> forward = ct.amp.custom_fwd(lambda x: x.dtype, device_type=kind, cast_inputs=ct.float32)
    >>> with ct.autocast(kind):
    ...     print(forward(x))
    ...
    float32
    """
    if fwd is None:
        return partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)
    kind = _kind("custom_fwd", device_type)
    forward = fwd

    @wraps(forward)
    def cast(*args: Any, **kwargs: Any) -> Any:
        if cast_inputs is None or not is_autocast_enabled(kind):
            return forward(*args, **kwargs)

        def convert(x: Any) -> Any:
            fits = isinstance(x, Tensor) and x.dtype in (float16, bfloat16, float32)
            return x.to(cast_inputs) if fits and x.device.kind == kind else x

        with autocast(kind, enabled=False):
            return forward(*mapped(convert, args), **mapped(convert, kwargs))

    return cast


def custom_bwd(bwd: Callable[..., Any] | None = None, *, device_type: Any) -> Callable[..., Any]:
    """Decorator for the backward of such a `Function`: the backward itself, which computes as it
    was given.

    >>> backward = ct.amp.custom_bwd(device_type="cuda")(lambda ctx, g: 2 * g)
    >>> backward(None, ct.ones(2))
    tensor([2., 2.])
    """
    _kind("custom_bwd", device_type)
    return bwd if bwd is not None else lambda function: function


class _Progress(GuardedByName):
    """What changes with every step of a GradScaler, and `scale` does not read."""

    def __init__(self) -> None:
        self.steps = 0
        #: Of optimizers since the last update, by id: whether gradients overflowed.
        self.overflowed: dict[int, bool] = {}
        self.stepped: set[int] = set()


class GradScaler:
    """Makes losses, and so gradients, larger by a factor, so that none vanish in float16.

        scaler.scale(loss).backward(); scaler.step(optimizer); scaler.update()

    `step` divides the gradients by the factor and leaves the optimizer's step out where one is
    infinite or NaN; `update` then makes the factor smaller, and larger after many steps without.
    Looking at the gradients waits for the device once a step, so `step` is for outside of `ct.jit`.

    Args:    device: PyTorch's, of no effect;  init_scale, growth_factor, backoff_factor: the first
             factor, what it is multiplied by when it grows and when it shrinks;  growth_interval:
             how many steps without overflow before it grows;  enabled: False for one that does
             nothing.
    Raises:  ValueError for factors that do not grow or shrink; StateError for calls out of order;
             DeviceError for a step in a call that `ct.jit` records.

    >>> scaler = ct.amp.GradScaler(init_scale=8.0)
    >>> weight = nn.Parameter(ct.tensor([1.0]))
    >>> optimizer = ct.optim.SGD([weight], lr=0.1)
    >>> scaler.scale((weight**2).sum()).backward()
    >>> scaler.step(optimizer)
    >>> scaler.update()
    >>> round(weight.item(), 4), scaler.get_scale()
    (0.8, 8.0)
    """

    def __init__(
        self,
        device: Any = "cuda",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        if growth_factor <= 1 or not 0 < backoff_factor < 1:
            raise ValueError(
                f"GradScaler: growth_factor is {growth_factor} and backoff_factor "
                f"{backoff_factor}; give one above 1, and one between 0 and 1"
            )
        self._enabled = enabled
        self._scale = float(init_scale)
        self._growth_factor = growth_factor
        self._backoff_factor = backoff_factor
        self._growth_interval = growth_interval
        self._progress = _Progress()

    def is_enabled(self) -> bool:
        """Whether it does anything."""
        return self._enabled

    def get_scale(self) -> float:
        """The factor; 1 if it does nothing."""
        return self._scale if self._enabled else 1.0

    def scale(self, outputs: Any) -> Any:
        """A tensor, or each of a nesting of them, times the factor."""
        if not self._enabled:
            return outputs
        if isinstance(outputs, Iterable) and not isinstance(outputs, (Tensor, list, tuple, dict)):
            outputs = list(outputs)
        return mapped(self._scaled, outputs)

    def _scaled(self, x: Any) -> Any:
        if not isinstance(x, Tensor):
            return x
        return (x.float() if x.dtype in (float16, bfloat16) else x) * self._scale

    def unscale_(self, optimizer: Any) -> None:
        """Divide the gradients of the optimizer's parameters by the factor, in place; `step` does
        it itself, unless one wants to clip them before."""
        if not self._enabled:
            return
        self._only_outside("unscale_")
        if id(optimizer) in self._progress.overflowed:
            raise StateError(
                "GradScaler.unscale_: the gradients of this optimizer were divided since the last "
                "update(); call it once for each"
            )
        params = [p for group in optimizer.param_groups for p in group["params"]]
        gradients = [p.grad for p in params if p.grad is not None]
        if any(gradient.dtype == float16 for gradient in gradients):
            raise DTypeError(
                "GradScaler.unscale_: gradients are float16, where what the factor saved would be "
                "lost again; keep the parameters float32, and compute inside autocast"
            )
        if not gradients:
            raise StateError(
                "GradScaler.unscale_: the optimizer's parameters have no gradient; call "
                "scale(loss).backward() before"
            )
        with no_grad():
            for gradient in gradients:
                gradient.mul_(1 / self._scale)
            largest = get_total_norm(gradients, float("inf")).item()
        self._progress.overflowed[id(optimizer)] = not np.isfinite(largest)

    def _only_outside(self, method: str) -> None:
        if recording.current is not None:
            raise DeviceError(
                f"GradScaler.{method}: the host looks whether gradients are infinite, which a "
                f"replay cannot; call scaler.{method} outside the jitted function"
            )

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """The optimizer's step, with gradients divided by the factor; none if one of them is
        infinite or NaN. Returns what the step does, or None."""
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise StateError("GradScaler.step: a closure computes gradients anew; leave it out")
        self._only_outside("step")
        if id(optimizer) in self._progress.stepped:
            raise StateError("GradScaler.step: called twice since the last update(); call update()")
        if id(optimizer) not in self._progress.overflowed:
            self.unscale_(optimizer)
        self._progress.stepped.add(id(optimizer))
        if self._progress.overflowed[id(optimizer)]:
            return None
        return optimizer.step(*args, **kwargs)

    def update(self, new_scale: Any = None) -> None:
        """Make the factor smaller if gradients overflowed, larger after growth_interval steps
        without; or set it to `new_scale`."""
        never_replay()
        if not self._enabled:
            return
        if new_scale is not None:
            self._scale = float(new_scale.item() if isinstance(new_scale, Tensor) else new_scale)
        elif not self._progress.overflowed:
            raise StateError("GradScaler.update: no step came before it; call step(optimizer)")
        elif any(self._progress.overflowed.values()):
            self._scale *= self._backoff_factor
            self._progress.steps = 0
        else:
            self._progress.steps += 1
            if self._progress.steps == self._growth_interval:
                grown = self._scale * self._growth_factor
                self._scale = grown if np.isfinite(np.float32(grown)) else self._scale
                self._progress.steps = 0
        self._progress.overflowed.clear()
        self._progress.stepped.clear()

    def get_growth_factor(self) -> float:
        """What the factor is multiplied by when it grows."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """See `get_growth_factor`."""
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        """What the factor is multiplied by when it shrinks."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """See `get_backoff_factor`."""
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        """How many steps without overflow come before it grows."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """See `get_growth_interval`."""
        self._growth_interval = new_interval

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` takes; empty if it does nothing."""
        never_replay()
        if not self._enabled:
            return {}
        return {
            "scale": self._scale,
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._progress.steps,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a state. Raises StateError for an empty one, of a scaler that does nothing."""
        never_replay()
        if not self._enabled:
            return
        if not state_dict:
            raise StateError(
                "GradScaler.load_state_dict: the state is empty, that of one with enabled=False"
            )
        self._scale = float(state_dict["scale"])
        self._growth_factor = state_dict["growth_factor"]
        self._backoff_factor = state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]
        self._progress.steps = state_dict["_growth_tracker"]


_name_all(globals(), __all__)
_place(__name__, dict.fromkeys(("autocast_mode", "grad_scaler"), _modules[__name__]))
_suggest(_modules[__name__])

"""The side of a Module that calls users' hooks: before and after forward, and in backward."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from cltensor.autograd import is_grad_enabled
from cltensor.autograd.function import Context, Function
from cltensor.core.hooks import HookList, RemovableHandle
from cltensor.core.tensor import Tensor
from cltensor.errors import GradientError
from cltensor.lazy.values import version_of
from cltensor.nn.compiling import without_compiled


class Recomputing:
    """A hook before forward that sets an attribute of the module, `recomputed`, from others."""

    recomputed: str


class _Special:
    """A hook that gets the keywords of a call too, or is called when forward fails, too."""

    __slots__ = ("always", "hook", "keywords")

    def __init__(self, hook: Callable[..., Any], keywords: bool, always: bool = False) -> None:
        self.hook, self.keywords, self.always = hook, keywords, always


def special(hook: Callable[..., Any], keywords: bool, always: bool = False) -> Any:
    """The hook as it is kept in a list."""
    return _Special(hook, keywords, always) if keywords or always else hook


class _Everywhere:
    """The hooks of all modules, which are called before a module's own; `everywhere` adds them."""

    def __init__(self) -> None:
        self.forward_pre, self.forward = HookList(), HookList()
        self.backward_pre, self.backward = HookList(), HookList()
        #: Those that see what becomes a member, by the table that it goes to.
        self.registration = {k: HookList() for k in ("_parameters", "_buffers", "_modules")}
        self.changes = 0

    def all(self) -> list[Any]:
        """All that a call meets."""
        return [*self.forward, *self.forward_pre, *self.backward, *self.backward_pre]


EVERYWHERE = _Everywhere()


class Hooked:
    """Mixin: registration of hooks, and the calls of those around forward."""

    if TYPE_CHECKING:
        _forward_pre_hooks: HookList
        _forward_hooks: HookList
        _backward_pre_hooks: HookList
        _backward_hooks: HookList

        def _note_change(self) -> None: ...

        forward: Callable[..., Any]

        def _own_names(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]: ...

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, args)` before forward; what it returns (if not None) replaces the
        arguments.

        Args:    prepend: call it before those that are there; with_kwargs: call
                 `hook(module, args, kwargs)`, which may return another (args, kwargs).
        Returns: a handle whose `remove`, or the end of its `with` block, takes the hook out.
        """
        made = special(hook, with_kwargs)
        return RemovableHandle(self._forward_pre_hooks, made, self._note_change, prepend)

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call `hook(module, args, output)` after forward; what it returns (if not None) replaces
        the output.

        Args:    prepend: call it before those that are there; with_kwargs: call
                 `hook(module, args, kwargs, output)`; always_call: call it when forward, or a hook
                 before it, raises an error, too, with None for the output that is not there.
        Returns: a handle whose `remove`, or the end of its `with` block, takes the hook out.
        """
        made = special(hook, with_kwargs, always_call)
        return RemovableHandle(self._forward_hooks, made, self._note_change, prepend)

    def register_full_backward_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, grad_output)` in backward before it goes through the module; what it
        returns (if not None) replaces grad_output, a tuple of the gradients of the outputs, None
        where there is none.

        Args:    prepend: call it before those that are there.
        Returns: a handle whose `remove`, or the end of its `with` block, takes the hook out.
        """
        return RemovableHandle(self._backward_pre_hooks, hook, self._note_change, prepend)

    def register_full_backward_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, grad_input, grad_output)` in backward when the gradients of the
        positional arguments of forward are known; what it returns (if not None) replaces
        grad_input. Both are tuples, of the arguments and the outputs, with None for what is no
        tensor and for outputs without a gradient; arguments without one have zeros. If no argument
        requires a gradient, it is called, with a warning, when backward arrives at the outputs.

        The arguments that forward gets are other tensors of the same elements, so forward must not
        change them in place. It returns a tensor, or a tuple, else that is an error.

        Args:    prepend: call it before those that are there.
        Returns: a handle whose `remove`, or the end of its `with` block, takes the hook out.
        """
        return RemovableHandle(self._backward_hooks, hook, self._note_change, prepend)

    def register_backward_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """PyTorch's older hook, whose grad_input is that of the last operation of the module. It
        is refused, for it depends on how forward is computed.

        Raises:  NotImplementedError.
        """
        raise NotImplementedError(
            "register_backward_hook: its grad_input depends on how forward is computed; use "
            "register_full_backward_hook"
        )

    def __getstate__(self) -> dict[str, Any]:
        """What hooks compute before forward is copied without its graph: forward makes it anew."""
        own = without_compiled(self.__dict__)
        for hook in self._all_hooks():
            if isinstance(hook, Recomputing) and isinstance(own.get(hook.recomputed), Tensor):
                own[hook.recomputed] = own[hook.recomputed].detach()
        return own

    def _all_hooks(self) -> list[Any]:
        hooks = [
            *self._forward_hooks, *self._forward_pre_hooks,
            *self._backward_hooks, *self._backward_pre_hooks, *EVERYWHERE.all(),
        ]  # fmt: skip
        return [h.hook if type(h) is _Special else h for h in hooks]

    def _call_hooked(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What forward gives, with the hooks around it."""
        output, called = None, []
        try:
            args, kwargs = self._before_forward(args, kwargs)
            backward = None
            if BackwardHooks.wanted(self):
                backward = BackwardHooks(self)
                args = backward.behind(args)
            ours = kwargs and type(self).forward.__module__.startswith("cltensor.")
            named = self._own_names(args, kwargs) if ours else kwargs
            output = self.forward(*args, **named)
            for hook in (*EVERYWHERE.forward, *self._forward_hooks):
                called.append(hook)
                output = self._after_forward(hook, args, kwargs, output)
            return output if backward is None else backward.before(output)
        except Exception:
            for hook in (*EVERYWHERE.forward, *self._forward_hooks):
                if type(hook) is _Special and hook.always and hook not in called:
                    try:
                        output = self._after_forward(hook, args, kwargs, output)
                    except Exception as error:  # the first error is the one to be seen
                        warnings.warn(
                            f"{type(self).__name__}: a hook with always_call=True failed after "
                            f"another error, which follows: {error}",
                            stacklevel=3,
                        )
            raise

    def _before_forward(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """(args, kwargs) as the hooks before forward leave them."""
        for hook in (*EVERYWHERE.forward_pre, *self._forward_pre_hooks):
            if type(hook) is _Special:
                changed = hook.hook(self, args, kwargs)
                if changed is not None:
                    if not isinstance(changed, tuple) or len(changed) != 2:
                        raise RuntimeError(
                            f"{type(self).__name__}: a hook before forward with keywords returned "
                            f"{changed!r}; it returns None or (args, kwargs)"
                        )
                    args, kwargs = changed
            else:
                changed = hook(self, args)
                if changed is not None:
                    args = changed if isinstance(changed, tuple) else (changed,)
        return args, kwargs

    def _after_forward(
        self, hook: Any, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any
    ) -> Any:
        """What a hook after forward makes of its output."""
        if type(hook) is not _Special:
            changed = hook(self, args, output)
        elif hook.keywords:
            changed = hook.hook(self, args, kwargs, output)
        else:
            changed = hook.hook(self, args, output)
        return output if changed is None else changed


class _Gate(Function):
    """Tensors as they are; their gradients, when all are known, go through a function."""

    @staticmethod
    def forward(ctx: Context, through: Callable[..., Any], zeros: bool, *tensors: Any) -> Any:
        """Other tensors of the same elements. zeros: give those for gradients that there are not,
        instead of None."""
        ctx.through = through  # type: ignore[attr-defined]
        ctx.set_materialize_grads(zeros)
        shown = tuple([x.detach() for x in tensors])
        needed = ctx.needs_input_grad[2:]
        ctx.mark_non_differentiable(*[x for x, n in zip(shown, needed, strict=True) if not n])
        return shown

    @staticmethod
    def backward(ctx: Context, *gradients: Any) -> Any:
        """What the function makes of them."""
        return None, None, *ctx.through(gradients)  # type: ignore[attr-defined]


class _Values:
    """Which of some values are tensors, and the gradients of all of them."""

    def __init__(self, values: Sequence[Any]) -> None:
        self.places = [k for k, x in enumerate(values) if isinstance(x, Tensor)]
        self.count = len(values)

    def all(self, gradients: Sequence[Any]) -> tuple[Any, ...]:
        """The gradients of the tensors with None for the other values."""
        found = [None] * self.count
        for place, gradient in zip(self.places, gradients, strict=True):
            found[place] = gradient
        return tuple(found)


class BackwardHooks:
    """The hooks in backward of one call of a module."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.hooks = [*EVERYWHERE.backward, *module._backward_hooks]
        self.pre_hooks = [*EVERYWHERE.backward_pre, *module._backward_pre_hooks]
        self.inputs: _Values | None = None
        self.grad_output: tuple[Any, ...] | None = None
        self.given: list[tuple[Any, int]] = []  # values that forward gets, and their versions

    @staticmethod
    def wanted(module: Any) -> bool:
        """Whether there are any."""
        own = module._backward_hooks or module._backward_pre_hooks
        return bool(own or EVERYWHERE.backward or EVERYWHERE.backward_pre)

    def behind(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments, with a place in the graph at which the hooks are called."""
        values = _Values(args)
        gated = self._gated(args, values, self._arrive_at_inputs, True)
        if gated is not None:
            self.inputs = values
            given = [gated[k]._value for k in values.places]
            self.given = [(value, version_of(value)) for value in given]
            return gated
        self.count = len(args)
        return args

    def before(self, output: Any) -> Any:
        """The output, with a place in the graph from which gradients come."""
        if not isinstance(output, (Tensor, tuple)):
            raise GradientError(
                f"{type(self.module).__name__}: forward returned a {type(output).__name__}; hooks "
                "in backward take a tensor or a tuple of tensors"
            )
        if any(version_of(value) != version for value, version in self.given):
            raise GradientError(
                f"{type(self.module).__name__}: forward changed an argument in place, which hooks "
                "in backward do not allow, for the caller's tensor would have another place in "
                "the graph than its elements; change a copy (.clone()), or use inplace=False"
            )
        several = isinstance(output, tuple)
        values: Any = output if several else (output,)
        self.outputs = _Values(values)
        gated = self._gated(values, self.outputs, self._arrive_at_outputs, False)
        if gated is None:
            return output
        if not several:
            return gated[0]
        make = getattr(type(output), "_make", tuple)
        return make(gated)

    def _gated(
        self, values: Sequence[Any], about: _Values, through: Callable[..., Any], zeros: bool
    ) -> tuple[Any, ...] | None:
        """The values with the tensors behind a gate, or None if none requires a gradient."""
        tensors = [values[k] for k in about.places]
        if not is_grad_enabled() or not any(x.requires_grad for x in tensors):
            return None
        found = list(values)
        for place, shown in zip(about.places, _Gate.apply(through, zeros, *tensors), strict=True):
            found[place] = shown
        return tuple(found)

    def _replaced(self, kind: str, before: tuple[Any, ...], returned: Any) -> tuple[Any, ...]:
        if returned is None:
            return before
        given = (returned,) if isinstance(returned, Tensor) else tuple(returned)
        if len(given) != len(before):
            raise GradientError(
                f"{type(self.module).__name__}: a {kind} returned {len(given)} gradients for "
                f"{len(before)}; return None or as many"
            )
        return given

    def _arrive_at_outputs(self, gradients: Sequence[Any]) -> list[Any]:
        grad_output = self.outputs.all(gradients)
        for hook in self.pre_hooks:
            grad_output = self._replaced(
                "full backward pre-hook", grad_output, hook(self.module, grad_output)
            )
        if self.inputs is not None:
            self.grad_output = grad_output
        elif self.hooks:
            self._call_without_inputs(grad_output)
        return [grad_output[k] for k in self.outputs.places]

    def _call_without_inputs(self, grad_output: tuple[Any, ...]) -> None:
        warnings.warn(
            f"{type(self.module).__name__}: no argument of forward requires a gradient, so the "
            "full backward hook is called when backward arrives at the outputs",
            stacklevel=2,
        )
        nothing = (None,) * self.count
        for hook in self.hooks:
            found = self._replaced(
                "full backward hook", nothing, hook(self.module, nothing, grad_output)
            )
            if any(x is not None for x in found):
                raise GradientError(
                    f"{type(self.module).__name__}: a full backward hook returned gradients, and "
                    "no argument of forward requires one; return None"
                )

    def _arrive_at_inputs(self, gradients: Sequence[Any]) -> list[Any]:
        assert self.inputs is not None
        grad_input, grad_output = self.inputs.all(gradients), self.grad_output
        if grad_output is None:  # another way leads here than through the outputs
            return list(gradients)
        for hook in self.hooks:
            grad_input = self._replaced(
                "full backward hook", grad_input, hook(self.module, grad_input, grad_output)
            )
        self.grad_output = None
        return [grad_input[k] for k in self.inputs.places]

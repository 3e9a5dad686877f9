"""Hooks on what operations save for backward: `ct.autograd.graph.saved_tensors_hooks`.

While no hook is there, saving knows nothing of hooks: they change how nodes save (`Hooks.save`)
when the first comes, and put it back when the last goes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import Any

from cltensor.autograd.graph import Node, save
from cltensor.core.hooks import Hooks
from cltensor.core.mode import no_grad
from cltensor.core.names import name_all as _name_all
from cltensor.core.tensor import Tensor, show
from cltensor.core.trees import flatten
from cltensor.errors import DTypeError, GradientError
from cltensor.lazy.fusion import realize
from cltensor.lazy.values import Value, changer_of, version_of

__all__ = [
    "disable_saved_tensors_hooks",
    "increment_version",
    "save_on_cpu",
    "saved_tensors_hooks",
]


class Packed:
    """What stands for a saved value in a node: `made`, which a pack hook made of it, and the hook
    that makes a tensor of that again."""

    __slots__ = ("_guarded", "_unpack", "device", "dtype", "made", "name", "operation", "shape")

    def __init__(self, operation: str, name: str, value: Value) -> None:
        pack, self._unpack = _own.hooks[-1]
        given = Tensor(value)
        before = version_of(value)
        with no_grad():
            self.made = pack(given)
        if version_of(value) != before:
            raise GradientError(
                f"{operation}: a pack hook changed the tensor that it was given in place "
                f"({changer_of(value)}), which others read; change a copy (.clone()) instead"
            )
        self.operation, self.name = operation, name
        self.shape, self.dtype, self.device = value.shape, value.dtype, value.device
        tensors = [x for x in flatten(self.made)[0] if isinstance(x, Tensor)]
        self._guarded = [(x, version_of(x._value)) for x in tensors]

    def restore(self) -> Tensor:
        """The tensor again, outside any graph. Raises GradientError for what is none, or another,
        and where what was packed was changed in place since."""
        for x, version in self._guarded:
            if version_of(x._value) != version:
                raise GradientError(
                    f"backward: {self.operation} saved '{self.name}' for its derivative as a "
                    f"tensor of shape {tuple(x.shape)} (version {version}) that a pack hook gave, "
                    f"and {changer_of(x._value)} changed it in place since (version "
                    f"{version_of(x._value)}); pack or change a copy (.clone()) instead"
                )
        with no_grad():
            found = self._unpack(self.made)
        if not isinstance(found, Tensor):
            raise DTypeError(
                f"backward: an unpack hook gave {show(found)} for what {self.operation} saved as "
                f"'{self.name}'; it has to give a tensor"
            )
        kinds = [(tuple(x.shape), x.dtype.name, str(x.device)) for x in (found, self)]
        if kinds[0] != kinds[1]:
            raise GradientError(
                f"backward: an unpack hook gave a tensor of {kinds[0]} for what {self.operation} "
                f"saved as '{self.name}', of {kinds[1]}; shape, dtype and device must be the same"
            )
        return Tensor(found.realize()._value)


class _Own(threading.local):
    """The hooks of this thread, and why there may be none."""

    def __init__(self) -> None:
        self.hooks: list[tuple[Callable[[Tensor], Any], Callable[[Any], Tensor]]] = []
        self.refusals: list[str] = []


_own = _Own()


def pack(operation: str, name: str, x: Tensor) -> Packed | None:
    """What stands for `x`, which `operation` saves as `name`; None where no hook is there."""
    return Packed(operation, name, x.realize()._value) if _own.hooks else None


def _save_packed(node: Node, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
    """`graph.save`, with the hook of this thread, if there is one."""
    save(node, args, kwargs, out)
    if not _own.hooks or not node.saved:
        return
    saved: list[Any] = []
    versions: list[Any] = []
    for name, kept, version in zip(node.names, node.saved, node.versions, strict=True):
        if type(kept) is Value:
            saved.append(_packed(node, name, kept))
            versions.append(0)
        elif type(version) is tuple:
            saved.append(tuple([_packed(node, name, v) if type(v) is Value else v for v in kept]))
            versions.append((0,) * len(kept))
        else:
            saved.append(kept)
            versions.append(version)
    node.saved, node.versions = tuple(saved), tuple(versions)


def _packed(node: Node, name: str, value: Value) -> Packed:
    realize(value)
    return Packed(node.op.name, name, value)


_counting = threading.Lock()


def _count(by: int) -> None:
    """Note that one more, or one less, `with` block of hooks is entered anywhere."""
    with _counting:  # a thread that leaves the last block may not undo what one that enters did
        Hooks.observe(by, by)
        Hooks.save = staticmethod(_save_packed if Hooks.saving else save)


class saved_tensors_hooks:
    """Context in which what an operation saves for its derivative is given to `pack_hook`, and
    what that returns is kept instead; backward gives it to `unpack_hook`, which returns the tensor.

    Of several contexts the innermost counts. A hook gets a tensor outside the graph; second
    derivatives are right all the same. A tensor that was packed as it is, alone or in a tuple, list
    or dict, may not be changed in place before backward, which then raises.

    Args:    pack_hook: from a tensor to anything; unpack_hook: from that to a tensor of the same
             elements, shape, dtype and device.
    Raises:  GradientError, on entering, inside `disable_saved_tensors_hooks`.
    """

    def __init__(
        self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]
    ) -> None:
        self.pack_hook = pack_hook
        self.unpack_hook = unpack_hook

    def __enter__(self) -> None:
        if _own.refusals:
            raise GradientError(_own.refusals[-1])
        _own.hooks.append((self.pack_hook, self.unpack_hook))
        _count(1)

    def __exit__(self, *exception: object) -> None:
        _own.hooks.pop()
        _count(-1)


class save_on_cpu(saved_tensors_hooks):
    """Context in which what operations save is kept in the host's memory as NumPy arrays, and comes
    back to its device in backward. It saves the device's memory, and waits for each copy.

    pin_memory: PyTorch's keyword, of no effect.
    """

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(
            lambda x: (x._stored(), x.device), lambda packed: Tensor.from_numpy(*packed)
        )


@contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Generator[None, None, None]:
    """Context or decorator inside which `saved_tensors_hooks` raises GradientError with that
    message; so does this, inside such hooks."""
    if _own.hooks:
        raise GradientError(error_message)
    _own.refusals.append(error_message)
    try:
        yield
    finally:
        _own.refusals.pop()


def increment_version(tensor: Tensor | Iterable[Tensor]) -> None:
    """Say that the elements of tensors were changed in a way that cltensor does not see, so that
    backward refuses to use what was saved of them before."""
    for x in [tensor] if isinstance(tensor, Tensor) else tensor:
        x.buffer.mark_changed("increment_version")


_name_all(globals(), __all__)

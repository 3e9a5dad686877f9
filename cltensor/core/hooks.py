"""What lies above asks of Tensors and operations: what autograd sets, watchers, users' hooks."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable
from typing import Any
from weakref import ref

from cltensor.core.changes import Changes
from cltensor.errors import GradientError


class Hooks:
    """Set once, when cltensor.autograd is imported.

    record(op, args, kwargs) runs an operation with a recorded Tensor, or a view, among `args`;
    save(node, args, kwargs, out) keeps for the rules of a new node what they ask for;
    leaf(tensor) makes the node in which a leaf's gradient arrives; node_of(tensor) gives the node
    of a view; backward(outputs, gradients, retain_graph, create_graph, inputs) does what
    Tensor.backward says. batched(op, args, kwargs) gives the result of an operation with tensors
    inside `vmap` among its arguments; looped(name, function, args, kwargs) that of anything, one
    example after another.
    """

    record: Callable[..., Any]
    save: Callable[..., None]
    leaf: Callable[..., Any]
    node_of: Callable[..., Any]
    backward: Callable[..., None]
    batched: Callable[..., Any]
    looped: Callable[..., Any]
    #: How many want to see each operation of a call, so that nothing may be replayed; and of them
    #: those who want to see what is saved.
    observed = 0
    saving = 0

    @staticmethod
    def observe(by: int, saving: int = 0) -> None:
        """Note that there are so many more of them."""
        with _lock:
            Hooks.observed += by
            Hooks.saving += saving


#: While a call is recorded for replay: who wants to know what operations and modules are used on.
watchers: list[Callable[[Iterable[Any]], None]] = []


class Tracer:
    """What sees whole calls of operations and composites, by their names; see `tracers`."""

    def enters(self, function: Any) -> bool:
        """Whether this call of `function` is the one that `call` makes."""
        raise NotImplementedError

    def call(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The result of function(*args, **kwargs)."""
        raise NotImplementedError

    def changes(self, to: Any) -> None:
        """Told that `to` was computed, whose elements another tensor will have."""
        raise NotImplementedError

    def changed(self, operation: str, x: Any, to: Any) -> None:
        """Told that x now has the elements of `to`."""
        raise NotImplementedError

    def read(self, x: Any) -> None:
        """Told that the host reads the elements of x."""
        raise NotImplementedError


#: While calls are written down as a graph: who makes each in place of who asked for it. There is a
#: watcher beside it, so that operations look here.
tracers: list[Tracer] = []

#: Watchers of tensors without a place in the graph whose `.grad` is read or set.
grad_watchers: list[Callable[[Any, Any], None]] = []

_numbers = itertools.count()
_lock = threading.Lock()


class HookList(list[Callable[..., Any]]):
    """The hooks of a module or of a place in the graph, in the order in which they were added."""

    def __init__(self) -> None:
        super().__init__()
        #: A number for each, by which its handle finds it: one hook may be there several times.
        self.numbers: list[int] = []


class AfterGradient:
    """A hook that is called with a leaf when a backward pass has added to the leaf's `.grad`; it
    stands among the hooks of the leaf's node, which must not keep the leaf alive.

    of_part: gives what stands for a part of the gradient, where that is the sum of several.
    """

    __slots__ = ("hook", "leaf", "of_part")
    #: Whether there was ever one: only then backward passes look for them.
    were_added = False

    def __init__(
        self,
        hook: Callable[[Any], None],
        leaf: Any,
        of_part: Callable[[Any], Any] | None = None,
    ) -> None:
        AfterGradient.were_added = True
        self.hook, self.leaf, self.of_part = hook, ref(leaf), of_part

    def __call__(self) -> None:
        leaf = self.leaf()
        if leaf is not None and self.hook(leaf) is not None:
            raise GradientError(
                "register_post_accumulate_grad_hook: the hook returned a value, which counts for "
                "nothing; change the tensor's .grad, and return None"
            )


class RemovableHandle:
    """Adds a hook to a list, and takes it away again by `remove()` or at the end of a `with` block.

    changed() is called after both, and recorded calls look whether the hooks are theirs. `prepend`
    adds it in front of the others.
    """

    def __init__(
        self,
        hooks: HookList,
        hook: Callable[..., Any],
        changed: Callable[[], None] | None = None,
        prepend: bool = False,
    ) -> None:
        self._hooks = hooks
        self._changed = changed
        self._number = next(_numbers)
        place = 0 if prepend else len(hooks)
        hooks.insert(place, hook)
        hooks.numbers.insert(place, self._number)
        Changes.count += 1
        if changed is not None:
            changed()

    def remove(self) -> None:
        """Take the hook out; a second call does nothing."""
        if self._number in self._hooks.numbers:
            place = self._hooks.numbers.index(self._number)
            del self._hooks[place], self._hooks.numbers[place]
            Changes.count += 1
            if self._changed is not None:
                self._changed()

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()

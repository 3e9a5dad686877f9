"""The side of a Module that gives its values by name and takes them over again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from cltensor.core.hooks import HookList, RemovableHandle
from cltensor.core.tensor import Tensor
from cltensor.errors import StateError
from cltensor.nn import state


def _without_module(hook: Callable[..., Any], module: Any, *args: Any) -> Any:
    return hook(*args)


def _checked(kind: str, hook: Callable[..., Any], *args: Any) -> None:
    if hook(*args) is not None:
        raise StateError(f"{kind}: the hook returned a value, which counts for nothing; "
                         "change what it was given in place, and return None")  # fmt: skip


class Saved:
    """Mixin: state_dict and load_state_dict, what a class overrides of them, and their hooks."""

    if TYPE_CHECKING:
        _parameters: dict[str, Any]
        _buffers: dict[str, Any]
        _modules: dict[str, Any]
        _non_persistent: set[str]

    #: Goes with each state_dict, for `_load_from_state_dict` to know whose it is.
    _version: int | None = 1

    #: Names that load_state_dict may miss without complaint.
    _optional_state: tuple[str, ...] = ()

    def _is_usual(self, name: str) -> bool:
        """Whether the method of that name is the one here."""
        return getattr(getattr(self, name), "__func__", None) is vars(Saved)[name]

    # -- saving ------------------------------------------------------------------------------

    def _saved_members(self) -> Iterator[tuple[str, str, Tensor]]:
        """What is saved of this module alone: (member table, name there, value)."""
        for name, param in self._parameters.items():
            if param is not None:
                yield "_parameters", name, param
        for name, buffer in self._buffers.items():
            if buffer is not None and name not in self._non_persistent:
                yield "_buffers", name, buffer

    def get_extra_state(self) -> Any:
        """What a class that overrides this has beside its tensors; state_dict holds it under
        "_extra_state". Such a class overrides `set_extra_state`, too."""
        raise StateError(
            f"get_extra_state: {type(self).__name__} has none; define it, and set_extra_state"
        )

    def set_extra_state(self, state: Any) -> None:
        """Take over what `get_extra_state` gave; a class that has such a state overrides both."""
        raise StateError(
            f"set_extra_state: {type(self).__name__} takes none; define it, and get_extra_state"
        )

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        """Put into `destination` what is saved of this module alone, under names that begin with
        `prefix`; a class may override it. See state_dict for `keep_vars`."""
        for _, name, value in self._saved_members():
            destination[prefix + name] = value if keep_vars else value.detach()
        if not self._is_usual("get_extra_state"):
            destination[prefix + state.EXTRA] = self.get_extra_state()

    def state_dict(
        self, *args: Any, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> dict[str, Any]:
        """Every parameter and persistent buffer by dotted name, and what `get_extra_state` gives of
        the modules that define it.

        The values share the elements of the parameters, which later steps change; keep a
        `.clone()` of those that shall stay. `keep_vars=True` gives the Parameters themselves.

        Args:    destination: a dict to put them in, which is the result then; prefix: what all
                 names begin with. The three may be given by position, in this order.
        Raises:  StateError where a hook of register_state_dict_post_hook returns a value.
        """
        if args:
            given: list[Any] = [*args, *(destination, prefix, keep_vars)[len(args) :]]
            destination, prefix, keep_vars = given
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        metadata = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = metadata
        for hook in self._state_hooks("before_save"):
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, child in self._modules.items():
            if child is not None:
                child.state_dict(
                    destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars
                )
        for hook in self._state_hooks("after_save"):
            changed = hook(self, destination, prefix, metadata)
            destination = destination if changed is None else changed
        return destination

    # -- loading -----------------------------------------------------------------------------

    def _older_names(self, prefix: str) -> dict[str, str]:
        """What entries of a module at `prefix` were called in older files: those names, and the
        names now. An older name counts where the file has no entry of the new one."""
        return {}

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Take over the entries of this module alone, whose names begin with `prefix`.

        A class may override it, to read what older versions of it saved: `state_dict` holds the
        entries of this module and of those below, and may be changed; local_metadata["version"] is
        the `_version` of the class that saved them, where that is known.

        Args:    strict: whether to note what is missing and unexpected in the two lists;
                 error_msgs: where to say what else is wrong.
        """
        loading = state.Loading(
            bool(local_metadata.get("assign_to_params_buffers")),
            state.IncompatibleKeys(missing_keys, unexpected_keys),
            error_msgs,
        )
        loading.plan(self, state_dict, prefix, local_metadata, strict)
        loading.settle()

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> state.IncompatibleKeys:
        """Take over the values of a state_dict, PyTorch's included.

        Args:    state_dict: name to Tensor, NumPy array or anything NumPy can read;
                 strict: whether every name has to be there, and no other;
                 assign: put the tensors themselves, with their dtypes and devices, in the places
                 of the module's; an optimizer has to be made after that.
        Returns: the names that were missing and those that were not expected.
        Raises:  StateError listing all of them and every differing shape; no tensor is changed.
                 What else a class's own set_extra_state or hooks changed stays so.
        """
        return state.load(self, state_dict, strict, assign)

    # -- hooks -------------------------------------------------------------------------------

    def _state_hooks(self, kind: str) -> list[Callable[..., Any]]:
        return self.__dict__.get("_hooks_of_state", {}).get(kind, [])

    def _add_state_hook(self, kind: str, hook: Callable[..., Any]) -> RemovableHandle:
        hooks = self.__dict__.setdefault("_hooks_of_state", {}).setdefault(kind, HookList())
        return RemovableHandle(hooks, hook)

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(module, prefix, keep_vars)` before state_dict looks at this module.

        Returns: a handle whose `remove`, or the end of its `with` block, takes the hook out.
        """
        return self._add_state_hook("before_save", hook)

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(module, state_dict, prefix, local_metadata)` when the entries of this module
        and those below are in `state_dict`, which it may change in place; it returns None.

        Returns: a handle whose `remove`, or the end of its `with` block, takes the hook out.
        """
        made = partial(_checked, "register_state_dict_post_hook", hook)
        return self._add_state_hook("after_save", made)

    def _register_state_dict_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """As register_state_dict_post_hook; what it returns for the module whose state_dict was
        called (if not None) is the result."""
        return self._add_state_hook("after_save", hook)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(module, state_dict, prefix, local_metadata, strict, missing_keys,
        unexpected_keys, error_msgs)` before load_state_dict reads the entries of this module; see
        `_load_from_state_dict` for what they are. It may change `state_dict` in place.

        Returns: a handle whose `remove`, or the end of its `with` block, takes the hook out.
        """
        return self._add_state_hook("before_load", hook)

    def _register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], with_module: bool = False
    ) -> RemovableHandle:
        """As the public one; the hook gets the module only if `with_module`."""
        made = hook if with_module else partial(_without_module, hook)
        return self._add_state_hook("before_load", made)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(module, incompatible_keys)` when load_state_dict has set this module and those
        below. It may change the lists incompatible_keys.missing_keys and .unexpected_keys, which
        decide what is an error if strict; it returns None.

        Returns: a handle whose `remove`, or the end of its `with` block, takes the hook out.
        """
        made = partial(_checked, "register_load_state_dict_post_hook", hook)
        return self._add_state_hook("after_load", made)

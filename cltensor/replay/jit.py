"""`ct.jit`: run a function once, and from then on only its launches."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable
from functools import partial, update_wrapper
from typing import Any, Final

from cltensor import dtypes
from cltensor.core.casting import casting
from cltensor.core.hooks import Hooks
from cltensor.core.mode import mode
from cltensor.ops.precision import Precision
from cltensor.replay import script as scripts
from cltensor.replay.arguments import Arguments, describe
from cltensor.replay.recording import Recording
from cltensor.runtime.determinism import Determinism
from cltensor.runtime.device import get, recording

#: Of one function: descriptions of arguments that are remembered, and recordings for each.
MOST_KEYS, MOST_RECORDINGS = 64, 8
#: Recordings in a row that were never replayed, after which only every so many calls are recorded.
_PATIENCE, _PAUSE = 8, 16


class jit:
    """A function whose launches are recorded and replayed.

    The first call with arguments of given shapes, dtypes and plain values runs `function`, the
    second records its launches too, and later ones replay them, which takes a few microseconds of
    the host each. A whole training step (forward, backward, optimizer) can be one function.

    A replay has the bits and the effects on tensors of the call itself: elements changed in place,
    gradients set or added to, states and step counts of optimizers, random numbers, faults of
    indices. It runs only while what the recorded call depended on is as it was: the arguments and
    which of them share elements, the grad mode, the default device and dtype, the precision of
    products, the tensors that the function reached by itself, the attributes and flags of its
    modules, and what its names, the attributes of its objects and the entries of its lists and
    dicts stand for. Otherwise the call is recorded anew. A call that sets such an attribute or
    entry itself, also one of its arguments', that draws from a generator of random numbers of
    Python or NumPy that was there before, that leaves another grad mode, default dtype or device
    behind, that computes on several devices, or that returns an object that it made, or a tensor to
    which it gave a gradient or attributes, is never replayed; nor is one during which another
    thread computed what it was about to. The code of libraries, and what they keep for themselves,
    is taken for constant, and so is what a call asks the system for: the time, a file, the seed of
    a generator that it makes. Pass such numbers as tensors. At most 64 kinds of arguments are kept,
    with 8 recordings each. A function that reaches more than can be compared before every call (a
    list of over 4096 entries, an array of over 256 KiB, an iterator, names that only `eval` knows)
    is not recorded at all, and a warning says so; another one names the cause where 8 recordings in
    a row were of no use.

    Gradients do not flow through the results of a replay: call `backward` inside. Printing and
    appending to a list inside happen once.

    Raises DeviceError when the call reads a value on the host (`.item()`, `if tensor:`) or uploads
    one while it is recorded.

    >>> def step(x):
    ...     return (x * 2).sum()
    ...
    >>> [step(ct.full((3,), float(n))).item() for n in range(4)]
    [0.0, 6.0, 12.0, 18.0]
    """

    # PyTorch's names.
    script = staticmethod(scripts.script)
    trace = staticmethod(scripts.trace)
    ignore = staticmethod(scripts.ignore)
    unused = export = staticmethod(scripts.same)
    is_scripting = is_tracing = staticmethod(scripts.no)
    save = load = staticmethod(scripts.no_file)
    Final = Final

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self._entries: OrderedDict[Any, _Entry] = OrderedDict()
        self._latest: tuple[Any, Any] = (), None
        self._excess = ""
        self._is_told = False  # that it is never replayed
        update_wrapper(self, function)

    def __getstate__(self) -> dict[str, Any]:
        # A copy records by itself.
        return {**self.__dict__, "_entries": OrderedDict(), "_latest": ((), None)}

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else partial(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        # Part of a function that is being recorded, or each operation is to be seen.
        if recording.current is not None or Hooks.observed:
            return self.function(*args, **kwargs)
        arguments = describe(args, kwargs)
        default = get()
        device = arguments.tensors[0].device if arguments.tensors else default
        made_of = dtypes.default_float.num
        cast = casting.dtypes and tuple(casting.dtypes.items())
        with device.lock:
            switches = Precision.value, Determinism.level
            key = arguments.key, mode.enabled, device, default, made_of, cast, switches
            entry = self._latest[1] if self._latest[0] == key else self._entry(key)
            entry.calls += 1
            is_first = entry.calls == 1
            if not (is_first or self._excess or arguments.continues_graph):
                for found in reversed(entry.recordings):
                    going = found.fits(arguments)
                    if going is not None:
                        entry.misses = 0
                        if found is not entry.recordings[-1]:  # the latest used last
                            entry.recordings.remove(found)
                            entry.recordings.append(found)
                        return found.replay(arguments, going)
        # Without the lock: the function may wait for other threads, which may need the device.
        if is_first or self._excess or arguments.continues_graph:
            return self.function(*args, **kwargs)
        return self._record(entry, arguments, device, args, kwargs)

    def _name(self) -> str:
        return str(getattr(self.function, "__qualname__", repr(self.function)))

    def _entry(self, key: Any) -> _Entry:
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = _Entry()
            if len(self._entries) > MOST_KEYS:
                self._entries.popitem(last=False)
        else:
            self._entries.move_to_end(key)
        self._latest = key, entry
        return entry

    def _record(
        self,
        entry: _Entry,
        arguments: Arguments,
        device: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        entry.misses += 1
        entry.records += 1
        if entry.misses > _PATIENCE and entry.calls % _PAUSE:
            return self.function(*args, **kwargs)
        made = Recording(self.function, arguments, device)
        result = made.record(args, kwargs)
        if made.excess:
            self._excess, self._entries, self._latest = made.excess, OrderedDict(), ((), None)
            warnings.warn(
                f"jit: {self._name()} reaches {made.excess} by itself, too much to look at before "
                "every replay, so each call runs it; keep that where the function's code does not "
                "name it, and pass what it needs as arguments",
                stacklevel=3,
            )
        elif entry.records == entry.misses == _PATIENCE and not self._is_told:
            self._is_told = True
            warnings.warn(
                f"jit: {self._name()} was recorded {_PATIENCE} times and never replayed, as far as "
                f"is known because {made.why}; it runs as without jit, see help(ct.jit)",
                stacklevel=3,
            )
        if made.tape is not None:
            with device.lock:
                entry.recordings = [r for r in entry.recordings if not r.is_over()]
                entry.recordings.append(made)
                del entry.recordings[:-MOST_RECORDINGS]
        return result


class _Entry:
    """What is known for one kind of arguments."""

    def __init__(self) -> None:
        self.calls = 0
        self.misses = 0
        self.records = 0
        self.recordings: list[Recording] = []

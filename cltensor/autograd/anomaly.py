"""Anomaly mode: an error or a NaN in backward names the operation, and the line that recorded it.

While the mode is off it has no part in anything: turning it on changes how nodes are made and how
a pass asks for the gradients of a node, turning it off puts both back.
"""

from __future__ import annotations

import linecache
import os
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from cltensor.autograd.engine import Pass
from cltensor.autograd.graph import Node
from cltensor.core.batched import whole_of
from cltensor.core.hooks import Hooks
from cltensor.core.mode import no_grad
from cltensor.core.op import Op
from cltensor.core.tensor import Tensor
from cltensor.dtypes import FRACTIONAL
from cltensor.errors import GradientError
from cltensor.ops.elementwise.compare import isnan

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


class _Frame(NamedTuple):
    """A line that was being executed."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        source = linecache.getline(self.file, self.line).strip()
        text = f'File "{self.file}", line {self.line}, in {self.function}'
        return f"{text}: {source}" if source else text


class _Trace(NamedTuple):
    """Where a node was recorded, the innermost frame first; if in backward, for which node."""

    frames: tuple[_Frame, ...]
    above: Node | None

    @property
    def line(self) -> _Frame:
        """The innermost line that is the user's."""
        users = [f for f in self.frames if not f.file.startswith(_PACKAGE)]
        return (users or self.frames)[0]


class _Mode:
    """Whether the mode is on, in all threads, and whether it looks for NaN."""

    enabled = False
    check_nan = True


class _Wish:
    """What is asked for outside all contexts, or by one: the mode, and whether to look for NaN."""

    def __init__(self, enabled: bool, check_nan: bool = True) -> None:
        self.wanted = enabled, check_nan


#: The wishes of the contexts of all threads in the order in which they were entered, of which the
#: last counts. Threads leave theirs in any order.
_wishes = [_Wish(False)]
_turning = threading.RLock()


class _Current(threading.local):
    """The node whose gradients are being computed in this thread."""

    node: Node | None = None


_traces: WeakKeyDictionary[Node, _Trace] = WeakKeyDictionary()
_current = _Current()
_make = Node.__init__


def _make_traced(node: Node, *args: Any, **kwargs: Any) -> None:
    _make(node, *args, **kwargs)
    frames, frame = [], sys._getframe(1)
    while frame is not None:
        frames.append(_Frame(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name))
        frame = frame.f_back  # type: ignore[assignment]
    _traces[node] = _Trace(tuple(frames), _current.node)


def _told(node: Node) -> str:
    """Where `node` was recorded, and if that was in backward, where what led to it was."""
    trace = _traces.get(node)
    if trace is None:
        return f"{node.name()} was recorded before anomaly mode was on"
    text = f"{node.name()} was recorded at {trace.line}"
    return text if trace.above is None else f"{text}\nin the backward of: {_told(trace.above)}"


def _whole(node: Node) -> str:
    """All lines that led to the recording of `node`, as a traceback."""
    trace = _traces.get(node)
    if trace is None:
        return ""
    lines = [f"  {frame}" for frame in reversed(trace.frames)]
    return "\n".join(["", "Recorded by (most recent call last):", *lines])


def _watched(gradients: Callable[[Node, Any], Sequence[Any]], node: Node, g: Any) -> Sequence[Any]:
    """gradients(node, g), of which an error or a NaN is told with where `node` was recorded."""
    node.device.faults.check()  # what was met before is no fault of this node
    before, _current.node = _current.node, node
    try:
        found = gradients(node, g)
        for x in found:
            if isinstance(x, Tensor):
                x.realize()  # what is wrong with it shows now
        node.device.faults.check()
    except Exception as error:
        error.add_note(f"backward: {_told(node)}{_whole(node)}")
        raise
    finally:
        _current.node = before
    for place, x in enumerate(found):
        if _Mode.check_nan and isinstance(x, Tensor) and _has_nan(x):
            raise _nan(node, f"{node.name()} gave NaN in the gradient of {_operand(node, place)}")
    return found


def _check_loss(outputs: Sequence[Tensor]) -> None:
    """Raise GradientError for a loss that is NaN, of which no derivative is, as of log(-1)."""
    for output in outputs:
        node = output.node
        if _Mode.check_nan and node is not None and output.ndim == 0 and _has_nan(output):
            raise _nan(node, "the loss is NaN")


def _nan(node: Node, what: str) -> GradientError:
    error = GradientError(
        f"backward: {what}; {_told(node)}\nLook at what it was given there, or pass check_nan=False"
    )
    error.add_note(_whole(node).strip())
    return error


def _has_nan(x: Tensor) -> bool:
    if x.dtype.kind not in FRACTIONAL:
        return False
    with no_grad():
        return bool(isnan(whole_of(x)).any().item())


def _operand(node: Node, place: int) -> str:
    """What the operand at `place` is called."""
    op = node.op
    if isinstance(op, Op) and not op.variadic:
        return f"'{op.params[place]}'"
    return f"operand {place}"


def _turn() -> None:
    """Turn the mode on or off, as the last of the wishes says."""
    enabled, check_nan = _wishes[-1].wanted
    Hooks.observe(enabled - _Mode.enabled)
    _Mode.enabled, _Mode.check_nan = enabled, check_nan
    setattr(Node, "__init__", _make_traced if enabled else _make)  # noqa: B010, as mypy wants it
    Pass.watched = staticmethod(_watched) if enabled else None
    Pass.ended = staticmethod(_check_loss) if enabled else None


def is_anomaly_enabled() -> bool:
    """Whether anomaly mode is on.

    >>> with ct.autograd.detect_anomaly():
    ...     ct.is_anomaly_enabled()
    ...
    True
    """
    return _Mode.enabled


def is_anomaly_check_nan_enabled() -> bool:
    """Whether anomaly mode, when it is on, looks for NaN.

    >>> with ct.autograd.detect_anomaly(check_nan=False):
    ...     ct.is_anomaly_check_nan_enabled()
    ...
    False
    """
    return _Mode.check_nan


class detect_anomaly:
    """Context in which each operation notes the line that recorded it, and backward names that
    line where a derivative raises, or is NaN, or where the loss was made if that is NaN. For
    debugging: backward waits for every operation.

    check_nan: whether to look for NaN. An error keeps its type, and has the lines as a note.

    >>> x = ct.tensor(-1.0, requires_grad=True)
    >>> with ct.autograd.detect_anomaly():
    ...     try:
    ...         x.log().backward()
    ...     except RuntimeError as error:
    ...         print("log" in str(error))
    ...
    True
    """

    def __init__(self, check_nan: bool = True) -> None:
        self._wanted = True, check_nan
        self._entered: list[_Wish] = []

    def __enter__(self) -> None:
        wish = _Wish(*self._wanted)
        self._entered.append(wish)
        with _turning:
            _wishes.append(wish)
            _turn()

    def __exit__(self, *exception: object) -> None:
        with _turning:
            _wishes.remove(self._entered.pop())
            _turn()


class set_detect_anomaly:
    """Turn anomaly mode on or off: from this call on (if inside a context, until its end) or, as a
    context, inside it only.

    mode, check_nan: as `detect_anomaly` has them.

    >>> with ct.autograd.set_detect_anomaly(True):
    ...     ct.is_anomaly_enabled()
    ...
    True
    >>> ct.is_anomaly_enabled()
    False
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._wish = _Wish(mode, check_nan)
        self.__enter__()

    def __enter__(self) -> None:
        with _turning:
            if self._wish not in _wishes:
                _wishes.append(self._wish)
                _turn()

    def __exit__(self, *exception: object) -> None:
        with _turning:
            _wishes.remove(self._wish)
            _turn()

    def __del__(self) -> None:
        with _turning:  # without a wish if its making failed
            if getattr(self, "_wish", None) in _wishes:
                # It was no context, so the one around takes its wish.
                place = _wishes.index(self._wish)
                _wishes[place - 1].wanted = self._wish.wanted
                del _wishes[place]

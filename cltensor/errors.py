"""Every error that cltensor raises on purpose.

Each class also derives from the built-in exception that Python users would expect for the same
mistake, so ``except ValueError`` catches a shape that does not fit. A message starts with the
operation, names both values and ends with the way out.
"""


class CLTensorError(RuntimeError):
    """Base class of all errors raised by cltensor. PyTorch raises RuntimeError for most of them.

    >>> try:
    ...     ct.ones(2).reshape(3)
    ... except ct.CLTensorError as error:
    ...     print(type(error).__name__, isinstance(error, RuntimeError))
    ...
    ShapeError True
    """

    #: The layer whose forward raised it, where there is one: its path and class, for the message.
    layer = ""

    def __str__(self) -> str:
        text = super().__str__()
        return f"{text}; in the layer {self.layer}" if self.layer else text


class ShapeError(CLTensorError, ValueError):
    """Sizes do not fit together.

    >>> try:
    ...     ct.zeros(2) + ct.zeros(3)
    ... except ct.ShapeError as error:
    ...     print(str(error).partition(";")[0])
    ...
    add: shapes (2,) and (3,) do not broadcast
    """


class DTypeError(CLTensorError, TypeError):
    """Element types do not fit together, or the device lacks one.

    >>> try:
    ...     ct.tensor([1.0]) & 1
    ... except ct.DTypeError as error:
    ...     print(str(error).partition(";")[0])
    ...
    bitwise_and: not defined for float32
    """


class DeviceError(CLTensorError):
    """No such device, operands on two devices, or a device used where it cannot be.

    >>> try:
    ...     ct.zeros(1, device="cl:99")
    ... except ct.DeviceError as error:
    ...     print(str(error).partition(";")[0])
    ...
    device: there is no 'cl:99'
    """


class KernelError(CLTensorError):
    """A kernel did not build (the message carries template, parameters, source and build log), or
    the driver refused a launch (it carries the sizes and the device).

    >>> try:
    ...     ct.library.Kernel("float half_of(float x) { return x / 2; }")
    ... except ct.KernelError as error:
    ...     print(type(error).__name__)
    ...
    KernelError
    """


class OutOfMemoryError(CLTensorError, MemoryError):
    """A buffer does not fit the device, the pool's limit or the driver.

    >>> try:
    ...     ct.empty(1 << 50)
    ... except ct.OutOfMemoryError as error:
    ...     print(type(error).__name__)
    ...
    OutOfMemoryError
    """


class GradientError(CLTensorError):
    """A backward pass that cannot be run or would be wrong.

    >>> try:
    ...     ct.ones(2).sum().backward()
    ... except ct.GradientError as error:
    ...     print(error)
    ...
    backward: this value does not depend on any tensor that requires a gradient
    """


class VmapError(CLTensorError):
    """A function that `vmap` cannot call for a whole batch at once.

    >>> try:
    ...     ct.vmap(lambda x: x if x > 0 else -x)(ct.ones(2))
    ... except ct.VmapError as error:
    ...     print(str(error).partition("; ")[2])
    ...
    use ct.where instead of if, while, and, or, not
    """


class DeterminismError(CLTensorError):
    """What is not the same bits on every device, while those are asked for.

    >>> ct.use_deterministic_algorithms(True)
    >>> try:
    ...     ct.fft.fft(ct.ones(4))
    ... except ct.DeterminismError as error:
    ...     print(type(error).__name__)
    ...
    DeterminismError
    >>> ct.use_deterministic_algorithms(False)
    """


class LinAlgError(CLTensorError):
    """A matrix that an algorithm cannot take: singular, not positive definite, or one for which it
    does not converge. The message names the matrix in the stack.

    >>> try:
    ...     ct.linalg.inv(ct.zeros(2, 2))
    ... except ct.LinAlgError as error:
    ...     print(str(error).partition(":")[0])
    ...
    linalg.inv
    """


class IndexingError(CLTensorError, IndexError):
    """An index out of range, or of a kind that cannot index.

    >>> try:
    ...     ct.zeros(2)[5]
    ... except ct.IndexingError as error:
    ...     print(error)
    ...
    getitem: index 5 is out of range for axis 0 of size 2; use -2 to 1
    """


class DataError(CLTensorError, ValueError):
    """A data or weights file that is missing, damaged or not what it claims to be.

    >>> import io
    >>> try:
    ...     ct.load(io.BytesIO(b"no tensors"))
    ... except ct.DataError as error:
    ...     print(type(error).__name__)
    ...
    DataError
    """


class MissingFileError(DataError, FileNotFoundError):
    """A file to load that is not there.

    >>> try:
    ...     ct.load("nowhere.pt")
    ... except ct.MissingFileError as error:
    ...     print(isinstance(error, FileNotFoundError))
    ...
    True
    """


class StateError(CLTensorError, KeyError):
    """A state_dict whose keys or shapes are not those of the module.

    >>> try:
    ...     nn.Linear(1, 1).load_state_dict({"weight": ct.ones(1, 1)})
    ... except ct.StateError as error:
    ...     print(str(error).splitlines()[1].strip())
    ...
    Missing key(s) in state_dict: "bias"
    """

    def __str__(self) -> str:
        # KeyError shows the repr of its argument, which would print line breaks as \n.
        return "\n".join(str(part) for part in self.args)


class SettingError(CLTensorError, ValueError):
    """An environment variable of cltensor holds a value that means nothing.

    >>> try:
    ...     ct.set_float32_matmul_precision("low")
    ... except ct.SettingError as error:
    ...     print(error)
    ...
    set_float32_matmul_precision: 'low' is none of highest, high, medium
    """


class DependencyError(CLTensorError, ImportError):
    """An optional package is missing; the message names the extra that brings it.

    >>> import sys
    >>> from unittest import mock
    >>> with mock.patch.dict(sys.modules, {"PIL": None}):  # as if it were not installed
    ...     try:
    ...         TF.to_pil_image(ct.zeros(1, 2, 2))
    ...     except ct.DependencyError as error:
    ...         print(error)
    ...
    to_pil_image: images need Pillow, which is not installed; pip install "cltensor[vision]"
    """


class DistributedError(CLTensorError):
    """Processes that cannot work together: one died, hangs, left, or calls something else; or the
    process group that a call needs is not there.

    >>> try:
    ...     ct.distributed.get_rank()
    ... except ct.DistributedError as error:
    ...     print(str(error).partition(";")[0])
    ...
    distributed.get_rank: there is no process group
    """

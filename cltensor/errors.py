"""Every error that cltensor raises on purpose.

Each class also derives from the built-in exception that Python users would expect for the same
mistake, so ``except ValueError`` catches a shape that does not fit. A message starts with the
operation, names both values and ends with the way out.
"""


class CLTensorError(RuntimeError):
    """Base class of all errors raised by cltensor. PyTorch raises RuntimeError for most of them."""

    #: The layer whose forward raised it, where there is one: its path and class, for the message.
    layer = ""

    def __str__(self) -> str:
        text = super().__str__()
        return f"{text}; in the layer {self.layer}" if self.layer else text


class ShapeError(CLTensorError, ValueError):
    """Sizes do not fit together."""


class DTypeError(CLTensorError, TypeError):
    """Element types do not fit together, or the device lacks one."""


class DeviceError(CLTensorError):
    """No such device, operands on two devices, or a device used where it cannot be."""


class KernelError(CLTensorError):
    """A kernel did not build (the message carries template, parameters, source and build log), or
    the driver refused a launch (it carries the sizes and the device)."""


class OutOfMemoryError(CLTensorError, MemoryError):
    """A buffer does not fit the device, the pool's limit or the driver."""


class GradientError(CLTensorError):
    """A backward pass that cannot be run or would be wrong."""


class VmapError(CLTensorError):
    """A function that `vmap` cannot call for a whole batch at once."""


class DeterminismError(CLTensorError):
    """What is not the same bits on every device, while those are asked for."""


class LinAlgError(CLTensorError):
    """A matrix that an algorithm cannot take: singular, not positive definite, or one for which it
    does not converge. The message names the matrix in the stack."""


class IndexingError(CLTensorError, IndexError):
    """An index out of range, or of a kind that cannot index."""


class DataError(CLTensorError, ValueError):
    """A data or weights file that is missing, damaged or not what it claims to be."""


class MissingFileError(DataError, FileNotFoundError):
    """A file to load that is not there."""


class StateError(CLTensorError, KeyError):
    """A state_dict whose keys or shapes are not those of the module."""

    def __str__(self) -> str:
        # KeyError shows the repr of its argument, which would print line breaks as \n.
        return "\n".join(str(part) for part in self.args)


class SettingError(CLTensorError, ValueError):
    """An environment variable of cltensor holds a value that means nothing."""


class DependencyError(CLTensorError, ImportError):
    """An optional package is missing; the message names the extra that brings it."""


class DistributedError(CLTensorError):
    """Processes that cannot work together: one died, hangs, left, or calls something else; or the
    process group that a call needs is not there."""

"""The methods of a Tensor that are functions: what `operators` and `inplace` attach.

They are declared as functions, each in the module of its family, and gathered when the package is
imported. `methods.pyi`, which editors and type checkers read, lists them;
`python -m cltensor.command.stubs` writes it.
"""


class Methods:
    """Base of Tensor that holds its methods gathered from functions."""

    __slots__ = ()

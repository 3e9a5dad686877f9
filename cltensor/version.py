"""The version, where the command line and the package both find it."""

__version__ = "0.1.0"

#: What PyTorch's programs print: of which toolkit's version the library is, and whether it can be
#: debugged.
cuda = hip = xpu = None
debug = False

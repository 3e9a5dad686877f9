"""The version, where the command line and the package both find it."""

__version__ = "0.1.0"

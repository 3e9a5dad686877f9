"""The functions by which pyopencl launches kernels, generated once for each signature."""

from __future__ import annotations

from functools import lru_cache
from typing import Any


def memoize_invokers() -> None:
    """Have pyopencl keep the function that it generates for each name and signature of a kernel.

    With PYOPENCL_NO_CACHE it generates, compiles and keeps a module for every cl.Kernel, under a
    new name that it finds by trying all that are taken: time and memory grow with their number.
    """
    try:
        from pyopencl import invoker
    except ImportError:  # a later pyopencl may do without
        return
    generate = getattr(invoker, "_generate_enqueue_and_set_args_module", None)
    if generate is None or hasattr(generate, "cache_info"):
        return
    remembered = lru_cache(maxsize=4096)(generate)

    def generated(*args: Any) -> Any:
        try:
            return remembered(*args)
        except TypeError:  # arguments that cannot be keys, or of no such kernel
            return generate(*args)

    generated.cache_info = remembered.cache_info  # type: ignore[attr-defined]
    invoker._generate_enqueue_and_set_args_module = generated

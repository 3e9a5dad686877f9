"""The source of kernels: Mako templates rendered, with the functions that they call."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cltensor.errors import KernelError
from cltensor.runtime.determinism import is_deterministic, refuse
from cltensor.runtime.device import Device

if TYPE_CHECKING:
    from mako.lookup import TemplateLookup

_HERE = Path(__file__).resolve().parent.parent
#: Inside the package when installed from a wheel, beside it in a checkout.
TEMPLATES = next(d for d in (_HERE / "cl_kernels", _HERE.parent / "cl_kernels") if d.is_dir())


@cache
def _templates() -> TemplateLookup:
    from mako.lookup import TemplateLookup

    folders = [str(path) for path in sorted(TEMPLATES.iterdir()) if path.is_dir()]
    return TemplateLookup(
        folders, strict_undefined=True, input_encoding="utf-8", filesystem_checks=False
    )


def render(device: Device, template: str, **params: Any) -> str:
    """The OpenCL C text of cl_kernels/<kind>/<template>.cl for `device`, after the prelude."""
    try:
        body = _templates().get_template(f"{template}.cl").render(device=device, **params)
    except Exception as error:
        found = [path.relative_to(TEMPLATES) for path in TEMPLATES.glob(f"*/{template}.cl")]
        place = "/".join(("cl_kernels", *(found[0].parts if found else (f"{template}.cl",))))
        raise KernelError(f"{template}: {place} did not render with {params}: {error}") from error
    # Only who calls them pays for reading the functions of complex numbers.
    numbers = complex_prelude(device, "double2" in body) if "cx_" in body else ""
    shorts = halves_prelude(device) if _SHORT.search(body) else ""
    text = shorts + numbers + _functions(device, body) + body
    return prelude(device) + _inlined(device, text) + text


#: What says that a kernel reads or writes floats of 16 bits.
_SHORT = re.compile(r"\bct_b?float16")


#: Ends what stands in front of a kernel's own source.
_OWN = "/* The kernel. */ "


def without_comments(source: str) -> str:
    """The source with its comments left out."""
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", source, flags=re.S)


def declarations(name: str, source: str) -> dict[str, str]:
    """The parameters of kernel `name` in order, each as it is declared, without comments.

    Raises KernelError where there is no such kernel.
    """
    match = re.search(rf"__kernel[^{{;]*?\b{name}\s*\(([^)]*)\)", source)
    if match is None:
        raise KernelError(f"{name}: the source defines no kernel of that name")
    texts = without_comments(match[1]).split(",")
    return {re.findall(r"\w+", text)[-1]: text for text in texts if text.strip()}


def own_source(source: str) -> str:
    """The source of a kernel without the prelude and the functions that it calls."""
    return source.rpartition(_OWN)[2]


@cache
def _defined() -> tuple[dict[str, str], list[str]]:
    """The file of cl_kernels/special that defines each function, as far as names are written out,
    and the files in which some are not."""
    names: dict[str, str] = {}
    others = []
    for path in sorted((TEMPLATES / "special").glob("*.cl")):
        text = path.read_text("utf-8")
        names |= dict.fromkeys(re.findall(r"^CT_OVERLOAD \S+ (ct_\w+)\(", text, re.M), path.name)
        if re.search(r"^CT_OVERLOAD \S+ ct_\w*\$", text, re.M):
            others.append(path.name)
    return names, others


@cache
def _names_of_prelude(device: Device) -> frozenset[str]:
    return frozenset(re.findall(r"\bct_\w+", prelude(device)))


@cache
def _file_of(device: Device, name: str) -> str | None:
    """The file with the function of that name, None where the prelude has it, or nobody."""
    names, others = _defined()
    if name in names or name in _names_of_prelude(device):
        return names.get(name)
    rendered = (file for file in others if f" {name}(" in _file_of_functions(device, file))
    return next(rendered, None)


@cache
def _file_of_functions(device: Device, file: str) -> str:
    reals = ["float"] + ["double"] * device.fp64
    return _templates().get_template(file).render(device=device, reals=reals)


def _functions(device: Device, body: str) -> str:
    """The files of functions that `body` calls, and those that these call, which come before."""
    seen: set[str] = set()
    texts: list[str] = []

    def add(text: str) -> None:
        for name in dict.fromkeys(re.findall(r"\bct_\w+", text)):
            file = _file_of(device, name)
            if file is not None and file not in seen:
                seen.add(file)
                found = _file_of_functions(device, file)
                add(found)
                texts.append(found)

    add(body)
    return "".join(texts) + _OWN


#: The functions that PoCL would call, by the file with inline forms of them.
_CALLED = {
    file: re.compile(rf"\b({'|'.join(names.split())})\b")
    for file, names in {
        "elementary.cl": "log2 log10 log1p exp2 expm1 sinh cosh asinh acosh atanh atan asin acos "
        "atan2 hypot pow",
        "trigonometric.cl": "sin cos tan",
    }.items()
}


def _inlined(device: Device, text: str) -> str:
    """The inline forms of functions that `text` names."""
    fixed = is_deterministic()
    if not (device.fp64 and (device.is_pocl or fixed)):
        called = fixed and next(filter(None, [n.search(text) for n in _CALLED.values()]), None)
        if called:
            refuse(f"{called[0]}: without float64, as on '{device.name}' ({device.title}), it")
        return ""
    return "".join([_inline(file) for file, names in _CALLED.items() if names.search(text)])


@cache
def _inline(file: str) -> str:
    return _templates().get_template(file).render()


@cache
def complex_prelude(device: Device, with_double: bool) -> str:
    """What follows where a kernel's source calls a function of complex numbers, cx_..."""
    return _templates().get_template("complex.cl").render(device=device, with_double=with_double)


@cache
def halves_prelude(device: Device) -> str:
    """What follows where a kernel's source names a float of 16 bits."""
    return _templates().get_template("halves.cl").render(device=device)


def prelude(device: Device) -> str:
    """What stands in front of every kernel's source on `device`."""
    return _prelude(device, is_deterministic())


@cache
def _prelude(device: Device, fixed: bool) -> str:
    return _templates().get_template("math.cl").render(device=device, fixed=fixed)

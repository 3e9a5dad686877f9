"""Train a network on the CIFAR-10 photographs: python examples/cifar10.py [--model resnet20] ...

cnn and blitz take minutes. quick is the fastest way to 94 %; resnet20 and its like are the classic
networks with the classic training. What they reach is in docs/results.md.
"""

from augmenting import Augment
from recipe import (
    Setting,
    lookahead,
    mean_of_weights,
    mirrored,
    sgd,
    sgd_with_fast_shifts,
    six_views,
    triangle,
    warm,
)
from training import main

from cltensor.data import CIFAR10, ImageDataset
from cltensor.models import (
    BlitzNet,
    CifarNet,
    QuickNet,
    ResNet8,
    ResNet9,
    ResNet20,
    ResNet56,
    SmallVGG,
    WideResNet,
)


def whiten(model: QuickNet, images: ImageDataset) -> None:
    """Set the first layer by the first training images."""
    model.whiten(images.batch(range(min(5000, len(images))))[0])


def residual(build, epochs: int, lr: float = 0.1) -> Setting:
    """The training of He and others 2015, shortened: a cosine in place of steps."""
    return Setting(
        build, lr, 128, epochs, sgd(5e-4), warm(0.05), augment=Augment(4),
        average=mean_of_weights(0.995),
    )  # fmt: skip


SETTINGS = {
    "cnn": Setting(lambda: CifarNet(channels=(16, 32, 64)), lr=0.003),
    "blitz": Setting(BlitzNet, lr=0.002),
    "resnet8": residual(ResNet8, 30),
    "resnet20": residual(ResNet20, 60),
    "resnet56": residual(ResNet56, 100),
    "vgg": residual(SmallVGG, 30, lr=0.05),
    "wrn": residual(WideResNet, 40),
    "resnet9": Setting(
        ResNet9, 0.4, 512, 16, sgd(5e-4), warm(0.2, lambda rest: 1 - rest), 0.2,
        Augment(4, "reflect", cut=8), scores=mirrored,
    ),
    "quick": Setting(
        QuickNet, 1.5, 1024, 10, sgd_with_fast_shifts(0.002, 0.85, 64),
        triangle(0.2, 0.23, 0.07), 0.2, Augment(2, "reflect"), lookahead, six_views, whiten,
    ),
}  # fmt: skip

if __name__ == "__main__":
    main("cifar10", CIFAR10, SETTINGS, default="cnn")

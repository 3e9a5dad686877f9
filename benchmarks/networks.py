"""The networks of the training cases, written once for all libraries."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.case import Library


@dataclass(frozen=True)
class Network:
    """A network: the image that it takes and its multiplications per image, forward."""

    build: Callable[[Library], Any]
    image: tuple[int, int, int]
    products: int


def _logreg(lib: Library) -> Any:
    nn = lib.nn
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))


def _mlp(lib: Library) -> Any:
    nn = lib.nn
    hidden = [nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU()]
    return nn.Sequential(nn.Flatten(), *hidden, nn.Linear(256, 10))


def _two_convolutions(channels: int, padding: int) -> Callable[[Library], Any]:
    """LeNet and the network of PyTorch's introduction differ in the image that they take."""

    def build(lib: Library) -> Any:
        nn = lib.nn
        return nn.Sequential(
            nn.Conv2d(channels, 6, 5, padding=padding),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(400, 120),
            nn.ReLU(),
            nn.Linear(120, 84),
            nn.ReLU(),
            nn.Linear(84, 10),
        )

    return build


def _resnet(blocks: int) -> Callable[[Library], Any]:
    """He et al. 2015 for CIFAR-10: 6 * blocks + 2 layers, shortcuts without parameters."""

    def build(lib: Library) -> Any:
        nn = lib.nn

        class Block(nn.Module):  # type: ignore[name-defined]
            def __init__(self, before: int, after: int, stride: int) -> None:
                super().__init__()
                self.conv1 = nn.Conv2d(before, after, 3, stride, padding=1, bias=False)
                self.bn1 = nn.BatchNorm2d(after)
                self.conv2 = nn.Conv2d(after, after, 3, padding=1, bias=False)
                self.bn2 = nn.BatchNorm2d(after)
                self.stride, self.side = stride, (after - before) // 2

            def forward(self, x: Any) -> Any:
                out = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
                if self.stride > 1:
                    x = lib.pad_channels(x[:, :, :: self.stride, :: self.stride], self.side)
                return (out + x).relu()

        class ResNet(nn.Module):  # type: ignore[name-defined]
            def __init__(self) -> None:
                super().__init__()
                self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
                self.bn1 = nn.BatchNorm2d(16)
                stages = []
                for before, after in ((16, 16), (16, 32), (32, 64)):
                    stages.append(Block(before, after, after // before))
                    stages += [Block(after, after, 1) for _ in range(blocks - 1)]
                self.blocks = nn.Sequential(*stages)
                self.fc = nn.Linear(64, 10)

            def forward(self, x: Any) -> Any:
                x = self.blocks(self.bn1(self.conv1(x)).relu())
                return self.fc(x.mean((2, 3)))

        return ResNet()

    return build


NETWORKS = {
    "logreg": Network(_logreg, (1, 28, 28), 7_840),
    "MLP 784-256-256-10": Network(_mlp, (1, 28, 28), 268_800),
    "LeNet": Network(_two_convolutions(1, 2), (1, 28, 28), 416_520),
    "blitz": Network(_two_convolutions(3, 0), (3, 32, 32), 651_720),
    "ResNet-8": Network(_resnet(1), (3, 32, 32), 12_239_488),
    "ResNet-20": Network(_resnet(3), (3, 32, 32), 40_551_040),
}

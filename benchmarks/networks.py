"""The networks of the training cases, written once for all libraries."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.case import Library


@dataclass(frozen=True)
class Network:
    """A network: the example that it takes and its multiplications per example, forward."""

    build: Callable[[Library], Any]
    example: tuple[int, ...]
    products: int

    @property
    def unit(self) -> str:
        """What it is fed with, per second."""
        return "images/s" if len(self.example) == 3 else "sequences/s"


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


def _mobilenet(lib: Library) -> Any:
    """MobileNetV2 (Sandler et al. 2018) with ten classes."""
    nn = lib.nn

    def layer(before: int, after: int, side: int = 1, step: int = 1, groups: int = 1) -> list[Any]:
        conv = nn.Conv2d(before, after, side, step, side // 2, groups=groups, bias=False)
        return [conv, nn.BatchNorm2d(after), nn.ReLU6()]

    class Block(nn.Module):  # type: ignore[name-defined]
        def __init__(self, before: int, after: int, factor: int, stride: int) -> None:
            super().__init__()
            wide = before * factor
            wider = layer(before, wide) if factor > 1 else []
            narrower = [nn.Conv2d(wide, after, 1, bias=False), nn.BatchNorm2d(after)]
            self.body = nn.Sequential(*wider, *layer(wide, wide, 3, stride, wide), *narrower)
            self.is_residual = stride == 1 and before == after

        def forward(self, x: Any) -> Any:
            out = self.body(x)
            return x + out if self.is_residual else out

    layers, before = layer(3, 32, 3, 2), 32
    #: factor, channels, blocks, stride of the first
    for factor, after, count, stride in (
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
        (6, 320, 1, 1),
    ):  # fmt: skip
        for k in range(count):
            layers.append(Block(before, after, factor, 1 if k else stride))
            before = after
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1280, 10)]
    return nn.Sequential(*layers, *layer(320, 1280), *head)


def _unet(lib: Library) -> Any:
    """A U-Net (Ronneberger et al. 2015) of three scales, whose maps of ten classes are averaged."""
    nn, m = lib.nn, lib.m

    def double(before: int, after: int) -> Any:
        layers = []
        for width in (before, after):
            conv = nn.Conv2d(width, after, 3, padding=1, bias=False)
            layers += [conv, nn.BatchNorm2d(after), nn.ReLU()]
        return nn.Sequential(*layers)

    class UNet(nn.Module):  # type: ignore[name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.down1, self.down2, self.bottom = double(3, 16), double(16, 32), double(32, 64)
            self.pool = nn.MaxPool2d(2)
            self.wider2 = nn.ConvTranspose2d(64, 32, 2, 2)
            self.up2 = double(64, 32)
            self.wider1 = nn.ConvTranspose2d(32, 16, 2, 2)
            self.up1 = double(32, 16)
            self.last = nn.Conv2d(16, 10, 1)

        def forward(self, x: Any) -> Any:
            first = self.down1(x)
            second = self.down2(self.pool(first))
            bottom = self.bottom(self.pool(second))
            x = self.up2(m.cat([second, self.wider2(bottom)], 1))
            x = self.up1(m.cat([first, self.wider1(x)], 1))
            return self.last(x).mean((2, 3))

    return UNet()


def _recurrent(kind: str) -> Callable[[Library], Any]:
    """A recurrent layer of 128 units, and a linear map of its last output."""

    def build(lib: Library) -> Any:
        nn = lib.nn

        class Net(nn.Module):  # type: ignore[name-defined]
            def __init__(self) -> None:
                super().__init__()
                self.layer = getattr(nn, kind)(128, 128, batch_first=True)
                self.fc = nn.Linear(128, 10)

            def forward(self, x: Any) -> Any:
                return self.fc(self.layer(x)[0][:, -1])

        return Net()

    return build


def _attention(wide: int, causal: bool) -> Callable[[Library], Any]:
    """Attention of 4 heads over 128 channels and two linear maps, each normalised and added to what
    it was given, and a linear map of the mean over time."""

    def build(lib: Library) -> Any:
        nn = lib.nn

        class Net(nn.Module):  # type: ignore[name-defined]
            def __init__(self) -> None:
                super().__init__()
                self.norm1, self.norm2 = nn.LayerNorm(128), nn.LayerNorm(128)
                self.qkv, self.out = nn.Linear(128, 3 * 128), nn.Linear(128, 128)
                self.wider, self.narrower = nn.Linear(128, wide), nn.Linear(wide, 128)
                self.fc = nn.Linear(128, 10)

            def forward(self, x: Any) -> Any:
                batch, time, size = x.shape
                heads = self.qkv(self.norm1(x)).reshape(batch, time, 3, 4, size // 4)
                q, k, v = heads.permute(2, 0, 3, 1, 4).unbind(0)
                mixed = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal)
                x = x + self.out(mixed.transpose(1, 2).reshape(batch, time, size))
                x = x + self.narrower(nn.functional.gelu(self.wider(self.norm2(x))))
                return self.fc(x.mean(1))

        return Net()

    return build


NETWORKS = {
    "logreg": Network(_logreg, (1, 28, 28), 7_840),
    "MLP 784-256-256-10": Network(_mlp, (1, 28, 28), 268_800),
    "LeNet": Network(_two_convolutions(1, 2), (1, 28, 28), 416_520),
    "blitz": Network(_two_convolutions(3, 0), (3, 32, 32), 651_720),
    "ResNet-8": Network(_resnet(1), (3, 32, 32), 12_239_488),
    "ResNet-20": Network(_resnet(3), (3, 32, 32), 40_551_040),
    "MobileNetV2": Network(_mobilenet, (3, 96, 96), 55_021_952),
    "U-Net": Network(_unet, (3, 32, 32), 25_247_744),
    "LSTM 128": Network(_recurrent("LSTM"), (50, 128), 6_554_880),
    "GRU 128": Network(_recurrent("GRU"), (50, 128), 4_916_480),
    "encoder block": Network(_attention(256, False), (64, 128), 9_438_464),
    "GPT block": Network(_attention(512, True), (256, 128), 58_721_536),
}

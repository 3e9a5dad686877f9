"""CRNN: convolutions read a line of text as a sequence, an LSTM in both directions understands it.

Source: B. Shi, X. Bai and C. Yao, "An End-to-End Trainable Neural Network for Image-based Sequence
Recognition and Its Application to Scene Text Recognition", 2017.
"""

from __future__ import annotations

from typing import Any

from cltensor.models.pretrained import factories
from cltensor.nn import LSTM, BatchNorm2d, Conv2d, Linear, MaxPool2d, Module, ReLU, Sequential


class CRNN(Module):
    """Scores of each character, and of none (class 0), for each step along a line; for CTC.

    Args:    num_classes: characters, and one for none; hidden: of the LSTM, in each direction.

    >>> ct.models.CRNN(num_classes=11, hidden=8).fc
    Linear(in_features=16, out_features=11, bias=True)
    """

    def __init__(self, num_classes: int = 66, channels: int = 1, hidden: int = 256) -> None:
        super().__init__()
        self.cnn = Sequential(
            Conv2d(channels, 64, 3, padding=1), ReLU(), MaxPool2d(2, 2),
            Conv2d(64, 128, 3, padding=1), ReLU(), MaxPool2d(2, 2),
            Conv2d(128, 256, 3, padding=1), BatchNorm2d(256), ReLU(),
            Conv2d(256, 256, 3, padding=1), ReLU(), MaxPool2d((2, 2), (2, 1), (0, 1)),
            Conv2d(256, 512, 3, padding=1), BatchNorm2d(512), ReLU(),
            MaxPool2d((2, 2), (2, 1), (0, 1)),
            Conv2d(512, 512, 2), BatchNorm2d(512), ReLU(),
        )  # fmt: skip
        self.rnn = LSTM(512, hidden, bidirectional=True, batch_first=True)
        self.fc = Linear(2 * hidden, num_classes)

    def forward(self, x: Any) -> Any:
        """(N, channels, 32, W) -> (W / 4 + 1, N, num_classes)."""
        x = self.cnn(x).squeeze(2).permute(0, 2, 1)
        found, _ = self.rnn(x)
        return self.fc(found).permute(1, 0, 2)


globals().update(factories(CRNN, {"crnn": {}}))

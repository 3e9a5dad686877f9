"""Train a network on the MNIST digits: python examples/mnist.py [--model logreg|mlp|cnn|best]."""

from augmenting import Augment
from recipe import Setting, mean_of_weights, sgd, warm
from training import main

from cltensor.data import MNIST
from cltensor.models import MLP, DigitNet, LeNet, LogisticRegression

SETTINGS = {
    "logreg": Setting(LogisticRegression, lr=0.002),
    "mlp": Setting(MLP, lr=0.001),
    "cnn": Setting(lambda: LeNet(channels=(8, 16)), lr=0.002),
    "best": Setting(
        DigitNet, 0.1, 128, 20, sgd(5e-4), warm(0.1), 0.1, Augment(2, mirror=False),
        mean_of_weights(0.998),
    ),
}  # fmt: skip

if __name__ == "__main__":
    main("mnist", MNIST, SETTINGS, default="cnn")

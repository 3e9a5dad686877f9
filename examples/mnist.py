"""Train a network on the MNIST digits: python examples/mnist.py [--model logreg|mlp|cnn] ..."""

from training import Setting, main

from cltensor.data import MNIST
from cltensor.models import MLP, LeNet, LogisticRegression

SETTINGS = {
    "logreg": Setting(LogisticRegression, lr=0.002),
    "mlp": Setting(MLP, lr=0.001),
    "cnn": Setting(lambda: LeNet(channels=(8, 16)), lr=0.002),
}

if __name__ == "__main__":
    main("mnist", MNIST, SETTINGS, default="cnn")

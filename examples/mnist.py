"""Train a network on the MNIST digits: python examples/mnist.py [--model logreg|mlp|cnn] ..."""

from training import Setting, main

from cltensor import nn
from cltensor.data import MNIST


def logreg() -> nn.Module:
    """Logistic regression."""
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))


def mlp() -> nn.Module:
    """Two hidden layers."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 256),
        nn.ReLU(),
        nn.Linear(256, 256),
        nn.ReLU(),
        nn.Linear(256, 10),
    )


def cnn() -> nn.Module:
    """In the style of LeNet-5 (LeCun et al. 1998), with ReLU and max pooling."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, 10),
    )


SETTINGS = {
    "logreg": Setting(logreg, lr=0.002),
    "mlp": Setting(mlp, lr=0.001),
    "cnn": Setting(cnn, lr=0.002),
}

if __name__ == "__main__":
    main("mnist", MNIST, SETTINGS, default="cnn")

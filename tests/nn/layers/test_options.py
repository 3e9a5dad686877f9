"""The text of layers that list their attributes."""

from cltensor.nn.layers.options import WithOptions


class Layer(WithOptions):
    _shown = ("size", "mode")

    def __init__(self):
        super().__init__()
        self.size, self.mode, self.other = (2, None), "fast", 3


def test_the_attributes_named_are_shown_in_their_order():
    assert repr(Layer()) == "Layer(size=(2, None), mode='fast')"
    assert repr(WithOptions()) == "WithOptions()"

"""Checks of derivatives and of values, for operations of your own too."""

from sys import modules as _modules

from cltensor.core.suggestions import suggest as _suggest
from cltensor.testing.closeness import assert_close
from cltensor.testing.gradients import gradcheck, gradgradcheck

__all__ = ["assert_close", "gradcheck", "gradgradcheck"]

_suggest(_modules[__name__])

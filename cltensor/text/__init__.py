"""`ct.text`: texts as numbers, by tokenizers that are made of one's own text."""

from sys import modules as _modules

from cltensor.core.suggestions import suggest as _suggest
from cltensor.text.characters import CharTokenizer
from cltensor.text.pairs import BPETokenizer

__all__ = ["BPETokenizer", "CharTokenizer"]

_suggest(_modules[__name__])

"""A byte-pair tokenizer, trained in place by the package tokenizers (extra 'text').

Source: R. Sennrich, B. Haddow, A. Birch, "Neural Machine Translation of Rare Words with Subword
Units" (2016); of bytes, as in GPT-2 (A. Radford et al., 2019).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from cltensor.errors import DataError, DependencyError
from cltensor.runtime import files
from cltensor.text.numbers import numbers_of, read


def _tokenizers(operation: str) -> Any:
    """The package, or DependencyError naming the extra that brings it."""
    try:
        import tokenizers
        import tokenizers.decoders
        import tokenizers.models
        import tokenizers.pre_tokenizers
        import tokenizers.trainers
    except ImportError as error:
        raise DependencyError(
            f"{operation}: the package tokenizers is not installed; "
            'pip install "cltensor[text]"; CharTokenizer needs none'
        ) from error
    return tokenizers


class BPETokenizer:
    """The tokens are the 256 bytes, and then pairs of tokens, the most frequent of a text first.
    Any text has numbers, and comes back from them as it was.

        tokens = ct.text.BPETokenizer.train(text, vocab_size=1000, special_tokens=["<end>"])
        tokens.decode(tokens.encode(text)) == text

    Made by `train` and `load`.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    @classmethod
    def train(
        cls,
        text: str | Iterable[str],
        vocab_size: int = 1000,
        min_frequency: int = 2,
        special_tokens: Sequence[str] = (),
    ) -> BPETokenizer:
        """The tokenizer of a text, or of several.

        Args:    vocab_size: the most tokens, special ones and the 256 bytes included;
                 min_frequency: how often a pair has to occur;
                 special_tokens: texts that are one token each, the first ones.
        Raises:  ValueError for a vocab_size that has no place for the bytes; DependencyError
                 without the package tokenizers.
        """
        library = _tokenizers("BPETokenizer.train")
        least = 256 + len(special_tokens)
        if vocab_size < least:
            raise ValueError(
                f"BPETokenizer.train: vocab_size is {vocab_size}; the bytes and the special tokens "
                f"are {least} already"
            )
        made = library.Tokenizer(library.models.BPE())
        by_bytes = library.pre_tokenizers.ByteLevel
        made.pre_tokenizer = by_bytes(add_prefix_space=False)
        made.decoder = library.decoders.ByteLevel()
        trainer = library.trainers.BpeTrainer(
            vocab_size=vocab_size,
            min_frequency=min_frequency,
            special_tokens=list(special_tokens),
            initial_alphabet=sorted(by_bytes.alphabet()),
            show_progress=False,
        )
        made.train_from_iterator([text] if isinstance(text, str) else text, trainer)
        return cls(made)

    def __len__(self) -> int:
        return self._tokenizer.get_vocab_size()

    @property
    def vocab_size(self) -> int:
        """How many tokens there are."""
        return len(self)

    def encode(self, text: str) -> list[int]:
        """The numbers of a text; where a special token stands, its own."""
        return self._tokenizer.encode(text).ids

    def decode(self, ids: Any, skip_special_tokens: bool = False) -> str:
        """The text of a row of numbers: a list, an array or a tensor. What is no UTF-8, as half a
        letter, becomes the sign for that.

        Raises:  IndexingError for a number that no token has.
        """
        found = numbers_of("BPETokenizer.decode", ids, len(self))
        return self._tokenizer.decode(found, skip_special_tokens=skip_special_tokens)

    def token_to_id(self, token: str) -> int | None:
        """The number of a token, None if there is no such token."""
        return self._tokenizer.token_to_id(token)

    def id_to_token(self, id: int) -> str | None:
        """The token of a number (a byte that is no letter stands as another letter)."""
        return self._tokenizer.id_to_token(id) if 0 <= id < len(self) else None

    def save(self, path: Any) -> None:
        """Write it to a file, which appears whole or not at all: JSON, which that package reads."""
        files.replace("BPETokenizer.save", path, self._tokenizer.to_str().encode())

    @classmethod
    def load(cls, path: Any) -> BPETokenizer:
        """The tokenizer in a file.

        Raises:  MissingFileError; DataError for a file that holds none; DependencyError without
                 the package tokenizers.
        """
        library = _tokenizers("BPETokenizer.load")
        text = read("BPETokenizer.load", path)
        try:
            return cls(library.Tokenizer.from_str(text))
        except Exception as error:  # the package raises that class itself
            raise DataError(
                f"BPETokenizer.load: {str(path)!r} is damaged, or holds no tokenizer ({error}); "
                "give a file that BPETokenizer.save wrote"
            ) from error

    def __repr__(self) -> str:
        return f"BPETokenizer({len(self)} tokens)"

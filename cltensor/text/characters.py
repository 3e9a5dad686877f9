"""A tokenizer whose tokens are single characters."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from cltensor.errors import DataError
from cltensor.runtime import files
from cltensor.text.numbers import numbers_of, read

_FORMAT = "cltensor characters"


class CharTokenizer:
    """Each character is a token; its number is its place among `characters`.

        tokens = ct.text.CharTokenizer.train(text)
        x = ct.tensor(tokens.encode(text))
        tokens.decode(x) == text

    Args:    characters: the characters, each once.
    Raises:  ValueError for one that is there twice, or that is no character.

    >>> tokens = ct.text.CharTokenizer.train("hello")
    >>> tokens.encode("hole"), tokens.decode(tokens.encode("hole"))
    ([1, 3, 2, 0], 'hole')
    """

    def __init__(self, characters: Iterable[str]) -> None:
        self.characters = tuple(characters)
        self._numbers = {c: i for i, c in enumerate(self.characters)}
        wrong = [c for c in self.characters if not isinstance(c, str) or len(c) != 1]
        if wrong or len(self._numbers) != len(self.characters):
            raise ValueError(
                f"CharTokenizer: {wrong[0]!r} is no character"
                if wrong
                else "CharTokenizer: a character is there twice; give each once, or use train(text)"
            )

    @classmethod
    def train(cls, text: str | Iterable[str]) -> CharTokenizer:
        """The tokenizer of the characters that occur in a text, or in several, sorted."""
        texts = [text] if isinstance(text, str) else text
        return cls(sorted(set().union(*map(set, texts))))

    def __len__(self) -> int:
        return len(self.characters)

    @property
    def vocab_size(self) -> int:
        """How many tokens there are."""
        return len(self.characters)

    def encode(self, text: str, errors: str = "strict") -> list[int]:
        """The number of each character.

        Args:    errors: what to do about characters that have none: "strict" or "ignore", as in
                 Python's str.encode.
        Raises:  DataError naming the first character without a number, where they are not ignored.
        """
        if errors == "ignore":
            return [self._numbers[c] for c in text if c in self._numbers]
        if errors != "strict":
            raise ValueError(f"CharTokenizer.encode: errors is {errors!r}; 'strict' or 'ignore'")
        try:
            return [self._numbers[c] for c in text]
        except KeyError as error:
            place = text.index(error.args[0])
            raise DataError(
                f"CharTokenizer.encode: {error.args[0]!r} (at {place}) is none of the "
                f"{len(self)} characters; train on a text that has it, or pass errors='ignore'"
            ) from None

    def decode(self, ids: Any) -> str:
        """The text of a row of numbers: a list, an array or a tensor.

        Raises:  IndexingError for a number that no character has.
        """
        found = numbers_of("CharTokenizer.decode", ids, len(self))
        return "".join([self.characters[i] for i in found])

    def save(self, path: Any) -> None:
        """Write the characters to a file, which appears whole or not at all (JSON)."""
        content = json.dumps({"format": _FORMAT, "characters": "".join(self.characters)})
        files.replace("CharTokenizer.save", path, content.encode())

    @classmethod
    def load(cls, path: Any) -> CharTokenizer:
        """The tokenizer in a file.

        Raises:  MissingFileError; DataError for a file that `save` did not write.
        """
        text = read("CharTokenizer.load", path)
        try:
            found = json.loads(text)
            if found["format"] == _FORMAT:
                return cls(found["characters"])
        except (ValueError, LookupError, TypeError):
            pass
        raise DataError(
            f"CharTokenizer.load: {str(path)!r} is damaged, or holds no characters; give a file "
            "that CharTokenizer.save wrote"
        )

    def __repr__(self) -> str:
        return f"CharTokenizer({len(self)} characters)"

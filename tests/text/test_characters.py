"""The tokenizer of characters."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import DataError, IndexingError, MissingFileError
from cltensor.text import CharTokenizer

TEXT = "a harbour ☃\n\u00e9"


def test_there_and_back(tmp_path):
    tokens = CharTokenizer.train(TEXT)
    assert tokens.characters == tuple("\n abhoru\u00e9☃")
    assert len(tokens) == tokens.vocab_size == 10
    assert tokens.encode("hub") == [4, 7, 3]
    ids = tokens.encode(TEXT)
    for form in (ids, np.array(ids), ct.tensor(ids), list(ct.tensor(ids)), iter(ids)):
        assert tokens.decode(form) == TEXT
    assert tokens.decode(4) == tokens.decode(ct.tensor(4)) == tokens.decode(np.int8(4)) == "h"
    assert tokens.decode([]) == ""
    tokens.save(tmp_path / "a.json")
    again = CharTokenizer.load(tmp_path / "a.json")
    assert again.characters == tokens.characters
    assert CharTokenizer.train(["ab", "bc"]).characters == ("a", "b", "c")
    assert repr(again) == "CharTokenizer(10 characters)"


def test_what_is_not_there():
    tokens = CharTokenizer("abc")
    assert tokens.encode("a-c", errors="ignore") == [0, 2]
    with pytest.raises(DataError, match=r"CharTokenizer.encode: '-' \(at 1\) is none of the 3"):
        tokens.encode("a-c")
    with pytest.raises(ValueError, match="errors is 'replace'; 'strict' or 'ignore'"):
        tokens.encode("a", errors="replace")
    for wrong in (3, -1):
        with pytest.raises(IndexingError, match=f"CharTokenizer.decode: token {wrong} of 3"):
            tokens.decode([0, wrong])
    for wrong in ([0.5], ["a"], [[0]], np.zeros((1, 2), int), ct.zeros(2)):
        with pytest.raises(TypeError, match="CharTokenizer.decode: .* is no number of a token"):
            tokens.decode(wrong)
    with pytest.raises(ValueError, match="a character is there twice"):
        CharTokenizer("aba")
    with pytest.raises(ValueError, match="CharTokenizer: 'bc' is no character"):
        CharTokenizer(["a", "bc"])


def test_files_of_others(tmp_path):
    with pytest.raises(MissingFileError, match=r"CharTokenizer.load: there is no file '.*a.json'"):
        CharTokenizer.load(tmp_path / "a.json")
    for content in (b"", b"{", b"[]", b'{"format": "x"}', b'{"format": "cltensor characters"}',
                    b'{"format": "cltensor characters", "characters": "aa"}',
                    b'{"format": "cltensor characters", "characters": 3}'):  # fmt: skip
        (tmp_path / "a.json").write_bytes(content)
        with pytest.raises(DataError, match=r"CharTokenizer.load: '.*a.json' is damaged"):
            CharTokenizer.load(tmp_path / "a.json")
    (tmp_path / "a.json").write_bytes(b"\xff")
    with pytest.raises(DataError, match=r"CharTokenizer.load: '.*a.json' cannot be read"):
        CharTokenizer.load(tmp_path / "a.json")

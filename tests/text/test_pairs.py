"""The byte-pair tokenizer."""

import builtins
import sys

import pytest

import cltensor as ct
from cltensor.errors import DataError, DependencyError, IndexingError, MissingFileError
from cltensor.text import BPETokenizer

TEXT = "the harbour and the other harbour, there\n" * 3


@pytest.fixture(scope="module")
def tokens():
    pytest.importorskip("tokenizers", reason="needs the extra 'text'")
    return BPETokenizer.train(TEXT, vocab_size=280, special_tokens=["<end>"])


def test_any_text_comes_back(tokens):
    for text in (TEXT, "", "  of\tall kinds: ☃ \u00e9 \U0001f600\r\n\0", "the<end>the"):
        assert tokens.decode(tokens.encode(text)) == text
    assert len(tokens.encode(TEXT)) < len(TEXT) / 2
    assert len(tokens) == tokens.vocab_size <= 280
    ids = tokens.encode("the<end>")
    assert ids[-1] == tokens.token_to_id("<end>") == 0
    assert tokens.decode(ct.tensor(ids), skip_special_tokens=True) == "the"
    assert tokens.id_to_token(0) == "<end>"
    assert tokens.id_to_token(len(tokens)) is tokens.token_to_id("never there") is None
    assert repr(tokens) == f"BPETokenizer({len(tokens)} tokens)"


def test_the_same_text_gives_the_same_tokens(tokens, tmp_path):
    again = BPETokenizer.train(iter([TEXT]), 280, special_tokens=("<end>",))
    assert again.encode(TEXT) == tokens.encode(TEXT)
    tokens.save(tmp_path / "t.json")
    assert BPETokenizer.load(tmp_path / "t.json").encode(TEXT) == tokens.encode(TEXT)


def test_bad_input(tokens, tmp_path):
    with pytest.raises(IndexingError, match="BPETokenizer.decode: token 5000 of"):
        tokens.decode([5000])
    with pytest.raises(ValueError, match="vocab_size is 256; .* are 257 already"):
        BPETokenizer.train(TEXT, 256, special_tokens=["<end>"])
    with pytest.raises(MissingFileError, match="BPETokenizer.load: there is no file"):
        BPETokenizer.load(tmp_path / "t.json")
    tokens.save(tmp_path / "t.json")
    whole = (tmp_path / "t.json").read_bytes()
    for content in (whole[:-9], b"{}", b""):
        (tmp_path / "t.json").write_bytes(content)
        with pytest.raises(DataError, match=r"BPETokenizer.load: '.*t.json' is damaged, or holds"):
            BPETokenizer.load(tmp_path / "t.json")


def test_without_the_package(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("tokenizers"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.delitem(sys.modules, "tokenizers", raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    for call in (lambda: BPETokenizer.train(TEXT), lambda: BPETokenizer.load("x")):
        with pytest.raises(DependencyError, match=r'pip install "cltensor\[text\]"'):
            call()

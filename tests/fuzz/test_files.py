"""Damaged and hostile files: each is read as something, or is one error of ours, and takes no
memory that the file itself does not.

Every file of corpus/ is a seed; cases are drawn from it by what damages files and by what attackers
write into them: other bytes, missing and repeated parts, and huge or negative sizes.
"""

import io
import struct
import tracemalloc
import warnings
from pathlib import Path

import pytest
from fuzzing import fuzz
from hypothesis import given
from hypothesis import strategies as st

import cltensor as ct
from cltensor.data.mnist import parse_idx
from cltensor.vision.datasets import matfile

CORPUS = sorted((Path(__file__).parent / "corpus").iterdir())
#: How much memory of Python's a file of a few kilobytes may take while it is read.
MOST = 32 << 20
#: Numbers that sizes, counts and offsets are replaced by.
NUMBERS = (
    0,
    1,
    2,
    7,
    8,
    255,
    65535,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**40,
    2**62,
    2**63 - 1,
    2**64 - 1,
)
READERS = {
    ".ct": lambda data: ct.load(io.BytesIO(data)),
    ".idx": lambda data: parse_idx(data, "images.idx"),
    ".mat": matfile.arrays,
    ".npy": lambda data: ct.load(io.BytesIO(data)),
    ".npz": lambda data: ct.load(io.BytesIO(data)),
    ".onnx": ct.onnx.load,
    ".pth": lambda data: ct.load(io.BytesIO(data)),
    ".safetensors": lambda data: ct.load(io.BytesIO(data)),
}
#: Where the reader's caller names the file.
REFUSALS = {".mat": ValueError}
NEEDS = {".ct": "safetensors", ".safetensors": "safetensors", ".onnx": "onnx"}


@st.composite
def damaged(draw, data):
    """`data` after some changes."""
    for _ in range(draw(st.integers(1, 4))):
        if not data:
            break
        place = draw(st.integers(0, len(data) - 1))
        length = draw(st.integers(1, min(24, len(data) - place)))
        end = place + length
        form = draw(st.sampled_from(["<B", "<H", "<I", "<Q", ">I", ">Q"]))
        number = struct.pack(
            form, draw(st.sampled_from(NUMBERS)) % 2 ** (8 * struct.calcsize(form))
        )
        data = draw(
            st.sampled_from(
                [
                    data[:place],  # cut off
                    data[:place] + data[end:],
                    data[:end] + data[place:end] + data[end:],
                    data[:place] + number + data[place + len(number) :],
                    data[:place] + bytes([data[place] ^ 1 << draw(st.integers(0, 7))])
                    + data[place + 1 :],
                    data[:place] + draw(st.binary(min_size=1, max_size=9)) + data[place:],
                ]
            )
        )  # fmt: skip
    return data


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_a_damaged_file_is_read_or_refused(path):
    if path.suffix in NEEDS:
        pytest.importorskip(NEEDS[path.suffix], reason=f"reads {path.suffix} files")
    read, whole = READERS[path.suffix], path.read_bytes()
    assert read(whole) is not None

    @fuzz
    @given(damaged(whole))
    def check(data):
        tracemalloc.start()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                read(data)
        except REFUSALS.get(path.suffix, ct.DataError):
            pass
        finally:
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        assert most < MOST

    check()

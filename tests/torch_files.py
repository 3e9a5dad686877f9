"""Makes files as PyTorch writes them, of either format, without PyTorch: pickles put together from
their instructions, so that they may hold anything."""

import io
import struct
import zipfile

import numpy as np

MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
TYPES = {
    "f4": "Float", "f8": "Double", "f2": "Half", "i8": "Long", "i4": "Int", "i2": "Short",
    "i1": "Char", "u1": "Byte", "b1": "Bool", "c8": "ComplexFloat",
}  # fmt: skip


class Name:
    """A global of a pickle."""

    def __init__(self, module, name):
        self.code = f"c{module}\n{name}\n".encode()


class Raw:
    """Instructions as they are."""

    def __init__(self, code):
        self.code = code


def call(function, *arguments):
    return Raw(code_of(function) + code_of(arguments) + b"R")


def code_of(value):
    """The instructions that build `value`."""
    if isinstance(value, (Name, Raw)):
        return value.code
    if value is None or isinstance(value, bool):
        return {None: b"N", True: b"\x88", False: b"\x89"}[value]
    if isinstance(value, int):
        size = value.bit_length() // 8 + 1
        return b"\x8a" + bytes([size]) + value.to_bytes(size, "little", signed=True)
    if isinstance(value, float):
        return b"G" + struct.pack(">d", value)
    if isinstance(value, str):
        text = value.encode()
        return b"X" + struct.pack("<I", len(text)) + text
    if isinstance(value, tuple):
        return b"(" + b"".join(map(code_of, value)) + b"t"
    if isinstance(value, list):
        return b"](" + b"".join(map(code_of, value)) + b"e"
    if isinstance(value, dict):
        pairs = (code_of(part) for pair in value.items() for part in pair)
        return b"}(" + b"".join(pairs) + b"u"
    return {np.ndarray: lambda: tensor(value, "0").code}[type(value)]()


def pickle(value):
    return b"\x80\x02" + code_of(value) + b"."


def storage(array, key, location="cpu", kind=None, count=None):
    """The identity of the elements of an array."""
    kind = Name("torch", f"{kind or TYPES[array.dtype.str[1:]]}Storage")
    whole = ("storage", kind, key, location, array.size if count is None else count)
    return Raw(code_of(whole) + b"Q")


def tensor(array, key, offset=0, size=None, stride=None, grad=False, **options):
    """A tensor as PyTorch's pickles have it."""
    size = array.shape if size is None else size
    if stride is None:
        stride = tuple(int(np.prod(size[i + 1 :])) for i in range(len(size)))
    hooks = call(Name("collections", "OrderedDict"))
    return call(
        Name("torch._utils", "_rebuild_tensor_v2"),
        storage(array, key, **options), offset, size, stride, grad, hooks,
    )  # fmt: skip


def ordered(pairs, metadata=None):
    """A state_dict's class, with members set as PyTorch's pickles do."""
    code = code_of(call(Name("collections", "OrderedDict"))) + b"("
    code += b"".join(code_of(part) for pair in pairs.items() for part in pair) + b"u"
    return Raw(code if metadata is None else code + code_of({"_metadata": metadata}) + b"b")


def zipped(value, arrays, more=None, compression=zipfile.ZIP_STORED):
    """A file of the present format."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.writestr("net/data.pkl", pickle(value))
        archive.writestr("net/byteorder", "little")
        for key, array in arrays.items():
            archive.writestr(f"net/data/{key}", array.tobytes())
        archive.writestr("net/version", "3\n")
        for name, content in (more or {}).items():
            archive.writestr(name, content)
    return file.getvalue()


def legacy(value, arrays, keys=None, little=True):
    """A file of the old format."""
    about = {"protocol_version": 1001, "little_endian": little, "type_sizes": {"int": 4}}
    parts = [MAGIC, pickle(1001), pickle(about), pickle(value), pickle(keys or list(arrays))]
    parts += [struct.pack("<q", array.size) + array.tobytes() for array in arrays.values()]
    return b"".join(parts)


FORMATS = {"zip": zipped, "legacy": legacy}

"""The kernels that the workloads launch on a stub device, and what is demanded of them."""

from functools import cache
from typing import NamedTuple

from isa import compilers
from isa.stub import recording, straight, stubs
from isa.workloads import WORKLOADS

#: The most registers of a work-item, by vendor or target: with so many a compute unit still has
#: several groups at once, or on NVIDIA's one of 256, as with half of the rest. Three of AMD's have
#: half as many again, or twice as many, as its others.
REGISTERS = {
    "amd": 128, "gfx1030": 152, "gfx90a": 168, "gfx1100": 168, "nvidia": 184, "intel": 128,
}  # fmt: skip
#: The most scalar registers that may lie in lanes of others, at one instruction for each access.
MOVED = 16
#: The most local memory of a work-group, in bytes: what the smallest devices have.
LOCAL = 32 << 10
#: Kernels, and words of the workload, that take more registers or keep arrays in memory, and why.
BEYOND = {
    ("solve_block", ""): "a row of the solution in an array",
}
#: Kernels of which local memory, not registers, says how many groups a compute unit has: registers
#: by vendor, and how many scalar ones may lie elsewhere. One of 256 work-items is there at a time
#: with any number from 129 to 256; the tile of which two are has a smaller share of multiply-adds.
MANY = {"attention_gpu": ({"amd": 208, "nvidia": 224, "intel": 128}, 24)}
#: Kernels that multiply tiles, of which shares of multiply-adds are asked.
TILES = ("gemm_gpu", "conv_gpu", "conv_grad_gpu", "conv_wino_gpu", "attention_gpu")
#: Kernels that read images straight into registers: the same is asked of them. With one filter for
#: each channel bandwidth is what counts: it allows some 80 to 160 instructions for an output of 3x3
#: taps, read and written once, which is a share of 6 to 11 percent.
DIRECT = ("conv_direct_gpu", "conv_direct_grad_gpu")
#: The least share of multiply-adds, in percent, in the innermost loop with most of them, for each
#: of TILES and DIRECT that a workload launches, by target; for convolutions forward, to images, to
#: filters.
SHARES = {
    "product": {"gfx1030": [94], "sm_86": [84]},
    "product, b transposed": {"gfx1030": [94], "sm_86": [84]},
    "product, a transposed": {"gfx1030": [94], "sm_86": [84]},
    "product of 512": {"gfx1030": [91], "sm_86": [72]},
    "conv 3x3": {"gfx1030": [83, 84], "sm_86": [67, 71]},  # once for both, of 4 / 9 of products
    "conv 3x3, dilated": {"gfx1030": [94, 94, 84], "sm_86": [78, 78, 71]},
    "conv 3x3, stride 2": {"gfx1030": [96, 96, 90], "sm_86": [85, 78, 81]},
    "conv 3x3, 16 channels": {"gfx1030": [92, 92, 72], "sm_86": [81, 81, 62]},
    "conv 3x3 to 32 channels": {"gfx1030": [92, 92, 75], "sm_86": [81, 81, 59]},
    "conv 7x7 of 3 channels": {"gfx1030": [94, 90, 84], "sm_86": [85, 67, 71]},
    "conv depthwise": {"gfx1030": [48, 48, 50], "sm_86": [33, 33, 40]},
    "conv depthwise, stride 2": {"gfx1030": [38, 26, 41], "sm_86": [26, 13, 31]},
    "conv depthwise of small images": {"gfx1030": [42, 42, 30], "sm_86": [19, 19, 14]},
    "conv depthwise 7x7": {"gfx1030": [74, 74, 65], "sm_86": [59, 59, 55]},
    "attention": {"gfx1030": [95, 95, 96], "sm_86": [83, 83, 79]},
    "attention of 128, causal": {"gfx1030": [95, 95, 95], "sm_86": [79, 80, 79]},
}
#: The same for the loops over states of recurrent kernels.
RECURRENT = ("recurrent_step", "recurrent_grad")
RECURRENT_SHARES = {"gfx1030": [92, 87], "sm_86": [69, 68]}
#: Of the workloads of SHARES, those whose innermost loop stages its operands, read in vectors of 16
#: bytes, and waits for them so many times at most, however many there are.
STAGED = ("product", "product, b transposed", "product, a transposed", "product of 512")
WAITS = 2


#: The least share of them, by maker and workload, in the kernels that read operands straight from
#: memory, compiled for targets that have compilers here.
STRAIGHT = {
    "intel": {
        "product": {"gfx1030": 88, "sm_86": 81},
        "product, b transposed": {"gfx1030": 84, "sm_86": 79},
        "product, a transposed": {"gfx1030": 87, "sm_86": 78},
    },
    "mali": {
        "product": {"gfx1030": 83, "sm_86": 74},
        "product, b transposed": {"gfx1030": 72, "sm_86": 69},
        "product, a transposed": {"gfx1030": 86, "sm_86": 76},
    },
}


class Bound(NamedTuple):
    """The most instructions for an element in the loop in which a kernel loads most. number: which
    of the kernels of that name a workload launches; elements: of a turn; most: bounds by target."""

    name: str
    number: int
    elements: int
    most: dict


#: Of kernels that memory bounds, by workload.
BOUNDS = {
    "bias of channels": [Bound("pointwise", 0, 4, {"gfx1030": 8, "sm_86": 7})],
    "sum": [Bound("reduce_gpu", 0, 16, {"gfx1030": 2.8, "sm_86": 2})],
    "sum of rows": [Bound("reduce_gpu", 0, 16, {"gfx1030": 2.8, "sm_86": 2})],
    "sum of columns": [Bound("reduce_gpu", 0, 4, {"gfx1030": 4, "sm_86": 5})],
    "variance": [Bound("reduce_gpu", 0, 16, {"gfx1030": 5.1, "sm_86": 4.6})],
    # Its statistics, and the sums of its gradient, which also writes that of the relu.
    "batch norm": [
        Bound("reduce_gpu", 0, 16, {"gfx1030": 6.6, "sm_86": 6.3}),
        Bound("reduce_gpu", 1, 4, {"gfx1030": 24, "sm_86": 22}),
    ],
    # All of a row of 1000, by 64 work-items with 16 elements each; exp alone is 15.
    "softmax": [Bound("rows", 0, 16, {"gfx1030": 34, "sm_86": 37})],
    # A turn has two windows, or an element of the image.
    "max pooling": [
        Bound("pool_gpu", 0, 2, {"gfx1030": 98, "sm_86": 120}),
        Bound("pool_grad_gpu", 0, 1, {"gfx1030": 142, "sm_86": 152}),
    ],
    "copy of a transposed matrix": [Bound("pointwise_tiles", 0, 4, {"gfx1030": 20, "sm_86": 20})],
}


class Used(NamedTuple):
    """A kernel: its name and source, the first workload that launched it, and its work-group."""

    name: str
    source: str
    workload: str
    local: tuple


@cache
def launched(vendor):
    """What the workloads launch on a card of `vendor`, in their order."""
    device = straight() if vendor == "mali" else stubs()[vendor]
    with recording(device) as launches:
        for workload, run in WORKLOADS.items():
            device.workload = workload
            run()
    return tuple([Used(e.name, e.source, e.workload, e.local) for e in launches])


def used(vendor):
    """The kernels among them, each once."""
    found = {}
    for each in launched(vendor):
        found.setdefault(each.source, each)
    return list(found.values())


#: What a compiler makes of a source, kept from test to test.
compiled = cache(compilers.compiled)


def vendor_of(target):
    """Whose target it is."""
    return next(vendor for vendor, each in compilers.TARGETS.items() if target in each)


def faults(kernel, target):
    """What is wrong with a kernel for `target`, in words."""
    try:
        made = compiled(kernel.source, target)
    except AssertionError as error:
        yield f"does not build: {error}"
        return
    if made.shared is not None and made.shared > LOCAL:
        yield f"takes {made.shared} bytes of local memory, of at most {LOCAL}"
    if any(name == kernel.name and word in kernel.workload for name, word in BEYOND):
        return
    most, moved = REGISTERS.get(target) or REGISTERS[vendor_of(target)], MOVED
    if kernel.name in MANY:
        most, moved = MANY[kernel.name][0][vendor_of(target)], MANY[kernel.name][1]
    if made.registers is not None and made.registers > most:
        yield f"takes {made.registers} registers, of at most {most}"
    if made.scratch:
        yield f"keeps {made.scratch} bytes of a work-item in memory"
    if made.spills:
        yield f"spills {made.spills} registers"
    if made.moved and made.moved > moved:
        yield f"keeps {made.moved} scalar registers in others, of at most {moved}"


def recurrent(target):
    """The loops of recurrent kernels, forward and back, that multiply most of their time."""
    found = {e.name: e.source for e in launched(vendor_of(target)) if e.workload == "LSTM"}
    for name in RECURRENT:
        loops = [x for x in compiled(found[name], target).loops.walk() if not x.inner]
        yield max(loops, key=lambda loop: loop.multiply_adds * loop.share)


def tiles(workload, target, names=TILES):
    """The innermost loops of the kernels of `names` that `workload` launches, each once."""
    launches = [
        each for each in launched(vendor_of(target))
        if each.workload == workload and each.name in names
    ]  # fmt: skip
    sources = dict.fromkeys([each.source for each in launches])
    return [compiled(source, target).loops.hottest for source in sources]


def busiest(workload, bound, target):
    """The busiest loop of the kernel that `bound` names."""
    sources = dict.fromkeys([
        each.source for each in launched(vendor_of(target))
        if each.workload == workload and each.name == bound.name
    ])  # fmt: skip
    return compiled(list(sources)[bound.number], target).loops.busiest
